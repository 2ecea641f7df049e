-- Views, events and errors by hour, of all sessions but bots: sealed days from their counts, hot ones
-- from their rows. A row is in one or the other, never both.
counted AS (
    SELECT hour, kind, page, name, count, generated
    FROM hourly_counts
    WHERE site = $site AND hour >= $from AND hour < $until
    UNION ALL
    SELECT
        date_trunc('hour', time) AS hour, kind,
        CASE WHEN kind = 'view' THEN page END AS page,
        CASE WHEN kind IN ('event', 'error') THEN name END AS name,
        1 AS count, generated
    FROM events
    WHERE site = $site AND time >= $from AND time < $until AND NOT bot
)
