-- Of each session its first declared level and its device; whose it is where users are drawn.
who AS (
    SELECT
        session,
        arg_min(level, (time, batch, position)) FILTER (level IS NOT NULL) AS level,
        min(device) AS device{visitor_of}
    FROM read
    GROUP BY session
)
