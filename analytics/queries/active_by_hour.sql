-- Seconds people were at it in each hour: of sealed days as they are kept, of hot ones by their rows.
SELECT epoch_us(hour) // 3600000000 AS hour, sum(seconds) AS seconds
FROM (
    SELECT hour, seconds FROM active_hours
    WHERE site = $site AND hour >= $from AND hour < $until
    UNION ALL
    SELECT hour, seconds FROM active_between($site, $first_day::DATE, $last_day::DATE)
)
GROUP BY hour
