-- A named event by an attribute's value, at 100 %, in a window and in the one before it.
SELECT
    told,
    coalesce(sum(count) FILTER (moment >= $start), 0)::BIGINT AS count,
    coalesce(sum(value) FILTER (moment >= $start), 0) AS value,
    coalesce(sum(count) FILTER (moment < $start), 0)::BIGINT AS before
FROM (
    SELECT hour AS moment, told, count, value
    FROM hourly_attributes
    WHERE site = $site AND name = $event AND attribute = $attribute
        AND hour >= $from AND hour < $end
    UNION ALL
    SELECT time, attributes[$attribute], 1, value
    FROM events
    WHERE site = $site AND kind = 'event' AND name = $event AND time >= $from AND time < $end
        AND NOT bot AND attributes[$attribute] IS NOT NULL
)
GROUP BY told
ORDER BY count DESC, told
LIMIT $most
