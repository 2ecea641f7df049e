-- One row a session with a landing view whose LCP is known: that, and whether the event came in it
-- then or later.
views AS (
    SELECT session, landing
    FROM (
        SELECT
            session,
            arg_min(
                struct_pack(load := batch >> 20, view, page, time), (time, batch, position)
            ) AS landing
        FROM read
        WHERE kind = 'view'
        GROUP BY session
    )
    WHERE landing.time >= $start AND landing.time < $end
        AND ($page IS NULL OR landing.page = $page)
),
vitals AS (
    SELECT
        session, batch >> 20 AS load, view, arg_max(lcp_ms, (time, batch, position)) AS lcp_ms
    FROM read SEMI JOIN views USING (session)
    WHERE kind = 'vitals' AND lcp_ms IS NOT NULL
    GROUP BY ALL
),
who AS (
    SELECT
        session, any_value(weight) AS weight, coalesce(any_value(device), '') AS device,
        arg_min(level, (time, batch, position)) FILTER (level IS NOT NULL) AS level,
        max(time) FILTER (kind = 'event' AND name = $event) AS converted_at{visitor_of}
    FROM read SEMI JOIN views USING (session)
    GROUP BY session
)
