-- Step {step}: its events within the window of the latest chain that came to step {before} in an
-- earlier event of the session. `begun` carries that chain's start, one pass over the sorted rows.
latest_{step} AS (
    SELECT
        *,
        max(begun) OVER (
            PARTITION BY session ORDER BY time, batch, position
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS latest
    FROM begun_{before}
),
begun_{step} AS (
    SELECT
        * EXCLUDE (latest) REPLACE (
            CASE WHEN kind = $kind_{step} AND what = $what_{step}
                AND time <= latest + to_microseconds($within_us) THEN latest END AS begun,
            CASE WHEN kind = $kind_{step} AND what = $what_{step}
                AND time <= latest + to_microseconds($within_us) THEN {step} ELSE depth END AS depth
        )
    FROM latest_{step}
)
