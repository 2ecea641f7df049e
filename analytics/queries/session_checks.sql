-- The checks of the monitors meanwhile: how many, how many failed, and the slowest good one.
SELECT
    monitor, count(*) AS checks,
    count(*) FILTER (verdict = 'bad') AS failed,
    max(total_ms) FILTER (verdict <> 'bad') AS slowest_ms
FROM checks
WHERE list_contains($monitors, monitor) AND due BETWEEN $first AND $last
GROUP BY monitor
ORDER BY monitor
