-- Hot views of whole days by how a vital was, of all sessions but bots.
hot_latest AS (
    SELECT
        day, session, coalesce(device, '') AS device, page,
        lcp_ms AS lcp, inp_ms AS inp, 1000 * cls AS cls, fcp_ms AS fcp, ttfb_ms AS ttfb
    FROM events
    WHERE site = $site AND day BETWEEN $first_day AND $last_day AND kind = 'vitals' AND NOT bot
        AND server IS NOT TRUE
    QUALIFY row_number() OVER (
        PARTITION BY day, session, batch >> 20, view
        ORDER BY time DESC, batch DESC, position DESC
    ) = 1
),
levels AS (
    SELECT session, arg_min(level, (time, batch, position)) AS level
    FROM events
    WHERE site = $site AND level IS NOT NULL AND $level IS NOT NULL
    GROUP BY session
),
hot_measured AS (
    SELECT
        day, session, device, page,
        unnest(['lcp', 'inp', 'cls', 'fcp', 'ttfb']) AS vital,
        unnest([lcp, inp, cls, fcp, ttfb]) AS value
    FROM hot_latest LEFT JOIN levels USING (session)
    WHERE ($page IS NULL OR page = $page)
        AND ($level IS NULL OR coalesce(levels.level, 'undeclared') = $level)
),
hot_views AS MATERIALIZED (
    SELECT
        vital, CASE WHEN $by_page THEN page ELSE '' END AS page, day, device, session,
        value
    FROM hot_measured
    WHERE value IS NOT NULL AND list_contains($vitals, vital)
)
