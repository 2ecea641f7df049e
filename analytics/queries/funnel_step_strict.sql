-- Step {step} in strict order: as when ordered, but since the latest chain came to step {before} there
-- were only more events of that step. Starts never go back along the rows, so the latest chain is
-- the last one; one pass.
step_{step} AS (
    SELECT
        * EXCLUDE (latest, latest_n, left_n) REPLACE (
            CASE WHEN is_{step} AND time <= latest + to_microseconds($within_us)
                AND latest_n > coalesce(left_n, 0) THEN latest END AS begun,
            CASE WHEN is_{step} AND time <= latest + to_microseconds($within_us)
                AND latest_n > coalesce(left_n, 0) THEN {step} ELSE depth END AS depth
        )
    FROM (
        SELECT
            *,
            max(begun) OVER earlier AS latest,
            max(CASE WHEN begun IS NOT NULL THEN n END) OVER earlier AS latest_n,
            max(CASE WHEN NOT is_{before} THEN n END) OVER earlier AS left_n
        FROM step_{before}
        WINDOW earlier AS (
            PARTITION BY who, stretch ORDER BY n
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
    )
)
