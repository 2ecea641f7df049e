-- The sessions that viewed or clicked the page, and whose they are.
came AS (
    SELECT
        session, any_value(weight) AS weight, count(*) FILTER (kind = 'view') AS views,
        epoch_us(min(time)) AS at_us
    FROM read
    WHERE page = $page AND kind IN ('view', 'click') AND time >= $start AND time < $end
    GROUP BY session
),
who AS (
    SELECT
        session,
        coalesce(
            arg_min(level, (time, batch, position)) FILTER (level IS NOT NULL), 'undeclared'
        ) AS level,
        coalesce(min(device), '') AS device,
        hash(coalesce(min(user_key), session::VARCHAR)) AS visitor
    FROM read SEMI JOIN came USING (session)
    GROUP BY session
)
