-- One row a session that entered: how deep it came, when it entered first and last, how long its
-- first conversion took, and the first level declared in it, be it before, amid or after.
came AS (
    SELECT
        session,
        any_value(weight) AS weight,
        max(depth) AS depth,
        min(entered) AS entered,
        max(entered) AS entered_last,
        arg_min(time - begun, (time, batch, position)) FILTER (begun IS NOT NULL) AS took
    FROM begun_{last}
    GROUP BY session
    HAVING max(depth) > 0
),
who AS (
    SELECT
        session,
        arg_min(level, (time, batch, position)) FILTER (level IS NOT NULL) AS level,
        min(user_key) AS user_key
    FROM read SEMI JOIN came USING (session)
    GROUP BY session
)
