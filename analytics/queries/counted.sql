-- Counts of views, events and errors in time, of all sessions but bots: sealed days from their counts, hot ones
-- from their rows. `moment` is a sealed row's hour, a hot one's time. A row is in one or the other, never both.
counted AS (
    SELECT hour AS moment, kind, page, name, count, generated
    FROM hourly_counts
    WHERE site = $site AND hour >= $from AND hour < $until
    UNION ALL
    SELECT
        time AS moment, kind,
        CASE WHEN kind = 'view' THEN page END AS page,
        CASE WHEN kind IN ('event', 'error') THEN name END AS name,
        1 AS count, generated
    FROM events
    WHERE site = $site AND time >= $from AND time < $until AND NOT bot
)
