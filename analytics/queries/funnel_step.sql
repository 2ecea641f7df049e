-- Step {step}: its events within the window of the latest chain that came to step {before} in an
-- earlier event of the stretch. `begun` carries that chain's start, one pass over the sorted rows.
step_{step} AS (
    SELECT
        * EXCLUDE (latest) REPLACE (
            CASE WHEN is_{step} AND time <= latest + to_microseconds($within_us)
                THEN latest END AS begun,
            CASE WHEN is_{step} AND time <= latest + to_microseconds($within_us)
                THEN {step} ELSE depth END AS depth
        )
    FROM (
        SELECT
            *,
            max(begun) OVER (
                PARTITION BY who, stretch ORDER BY n
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS latest
        FROM step_{before}
    )
)
