-- For each that entered and each step they came to: where and when they came to it last, before
-- they came to the next, and when they did that, NULL if never. Rows that came less far than an
-- earlier one are of an attempt that was begun again.
arrived AS (
    SELECT *, lead(came_first) OVER (PARTITION BY who ORDER BY step) AS onward
    FROM (
        SELECT
            who, depth AS step,
            min(time) AS came_first,
            max(time) AS came_last,
            arg_max(session, n) AS session,
            arg_max(batch >> 20, n) AS load,
            arg_max(view, n) AS view
        FROM (
            SELECT
                *,
                max(depth) OVER (
                    PARTITION BY who ORDER BY n ROWS UNBOUNDED PRECEDING
                ) AS furthest
            FROM step_{last}
        )
        WHERE depth = furthest AND depth > 0
        GROUP BY who, depth
    )
)
