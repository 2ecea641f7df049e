-- A named event by experience level, at 100 %, in a window and in the one before it.
WITH levels AS (
    SELECT session, arg_min(level, (time, batch, position)) FILTER (level IS NOT NULL) AS level
    FROM events WHERE site = $site GROUP BY session
)
SELECT
    told,
    coalesce(sum(count) FILTER (moment >= $start), 0)::BIGINT AS count,
    coalesce(sum(value) FILTER (moment >= $start), 0) AS value,
    coalesce(sum(count) FILTER (moment < $start), 0)::BIGINT AS before
FROM (
    SELECT hour AS moment, level AS told, count, value
    FROM hourly_counts
    WHERE site = $site AND kind = 'event' AND name = $event AND hour >= $from AND hour < $end
    UNION ALL
    SELECT time, coalesce(levels.level, 'undeclared'), 1, value
    FROM events LEFT JOIN levels USING (session)
    WHERE site = $site AND kind = 'event' AND name = $event AND time >= $from AND time < $end
        AND NOT bot
)
GROUP BY told
ORDER BY count DESC, told
LIMIT $most
