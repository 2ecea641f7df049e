-- Results compacted into runs: same monitor, location and verdict, none further from the one before
-- than two intervals and the timeout. A result that says nothing of its target is in no run.
-- The first nine of a run of bad results stand alone, so that a confirmation can be dated exactly.
-- One window over all results; the second, over their first rows only, gives each run its end.
WITH told AS (
    SELECT
        monitor, location, due, verdict, interval_ms, timeout_ms, outcome, detail, generated,
        row_number() OVER ordered AS number,
        lag(due) OVER ordered AS due_before,
        lag(verdict) OVER ordered AS verdict_before,
        lag(verdict, 9) OVER ordered AS verdict_nine_before,
        lag(interval_ms) OVER ordered AS interval_before,
        lag(timeout_ms) OVER ordered AS timeout_before
    FROM checks
    WHERE verdict <> 'unknown' AND due >= $since AND due <= $until
        AND ($monitors IS NULL OR list_contains($monitors, monitor))
    WINDOW ordered AS (PARTITION BY monitor, location ORDER BY due, started)
),
ends AS (
    SELECT monitor, location, max(due) AS last_due, count(*) AS results
    FROM checks
    WHERE verdict <> 'unknown' AND due >= $since AND due <= $until
        AND ($monitors IS NULL OR list_contains($monitors, monitor))
    GROUP BY monitor, location
),
firsts AS (
    SELECT * FROM told
    WHERE due_before IS NULL
        OR verdict <> verdict_before
        OR verdict = 'bad' AND verdict_nine_before IS DISTINCT FROM 'bad'
        OR interval_ms <> interval_before
        OR timeout_ms <> timeout_before
        OR due > due_before + to_milliseconds(2 * interval_before + timeout_before)
)
SELECT
    monitor, location, verdict,
    epoch_us(due) AS first_us,
    epoch_us(coalesce(lead(due_before) OVER runs, last_due)) AS last_us,
    coalesce(lead(number) OVER runs, results + 1) - number AS count,
    interval_ms, timeout_ms, outcome, generated, coalesce(detail, '') AS detail
FROM firsts
JOIN ends USING (monitor, location)
WINDOW runs AS (PARTITION BY monitor, location ORDER BY number)
ORDER BY monitor, location, number
