-- One row a session, or user, that entered: how deep they came, in which session and when they
-- entered first, when last, and how long their first conversion took.
came AS (
    SELECT
        who,
        arg_min(session, n) FILTER (depth > 0) AS session,
        max(weight) AS weight,
        max(depth) AS depth,
        min(entered) AS entered,
        max(entered) AS entered_last,
        arg_min(time - begun, n) FILTER (begun IS NOT NULL) AS took
    FROM step_{last}
    GROUP BY who
    HAVING max(depth) > 0
)
