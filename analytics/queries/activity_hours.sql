-- A named event by hour, at 100 %: sealed days from their counts, hot ones from their rows. A row is
-- in one or the other, never both.
SELECT
    epoch_us(moment) // 3600000000 AS hour,
    sum(count)::BIGINT AS count,
    coalesce(sum(value), 0) AS value,
    coalesce(min(currency), '') AS currency,
    bool_or(generated) AS generated
FROM (
    SELECT hour AS moment, count, value, currency, generated
    FROM hourly_counts
    WHERE site = $site AND kind = 'event' AND name = $event AND hour >= $from AND hour < $until
    UNION ALL
    SELECT time, 1, value, currency, generated
    FROM events
    WHERE site = $site AND kind = 'event' AND name = $event AND time >= $from AND time < $until
        AND NOT bot
)
GROUP BY hour
ORDER BY hour
