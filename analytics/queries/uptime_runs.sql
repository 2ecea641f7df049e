-- Results compacted into runs (store/migrations/0003_check_hours.sql): of closed days as they are
-- kept, of the others from their single results. A good run that goes on over midnight is one.
-- A kept run may begin before $since or last beyond $until: what it says of the window stands.
WITH known AS (
    SELECT * EXCLUDE (day) FROM check_runs
    WHERE day >= $since::DATE AND first_due <= $until
        AND ($monitors IS NULL OR list_contains($monitors, monitor))
    UNION ALL BY NAME
    SELECT * FROM check_runs_between($since, $until, $monitors, true)
),
marked AS (
    SELECT *,
        (
            verdict = 'good' AND lag(verdict) OVER ordered = 'good'
            AND interval_ms = lag(interval_ms) OVER ordered
            AND timeout_ms = lag(timeout_ms) OVER ordered
            AND first_due <= lag(last_due) OVER ordered
                + to_milliseconds(2 * interval_ms + timeout_ms)
        ) IS NOT TRUE AS begins
    FROM known
    WINDOW ordered AS (PARTITION BY monitor, location ORDER BY first_due, last_due)
),
numbered AS (
    SELECT *, count_if(begins) OVER (PARTITION BY monitor, location ORDER BY first_due, last_due)
        AS number
    FROM marked
)
SELECT
    monitor, location, any_value(verdict) AS verdict,
    epoch_us(min(first_due)) AS first_us,
    epoch_us(max(last_due)) AS last_us,
    sum(count)::BIGINT AS count,
    any_value(interval_ms) AS interval_ms, any_value(timeout_ms) AS timeout_ms,
    arg_min(outcome, first_due) AS outcome,
    bool_or(generated) AS generated,
    coalesce(arg_min(detail, first_due), '') AS detail
FROM numbered
GROUP BY monitor, location, number
ORDER BY monitor, location, number
