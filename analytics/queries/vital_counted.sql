-- Views of whole days by how a vital was, of all sessions but bots: sealed days from their histograms,
-- hot ones from their rows.
hot_latest AS (
    SELECT
        day, session,
        coalesce(any_value(device), '') AS device,
        arg_max(
            struct_pack(
                page,
                lcp := lcp_ms, inp := inp_ms, cls := 1000 * cls, fcp := fcp_ms, ttfb := ttfb_ms),
            (time, batch, position)) AS vitals
    FROM events
    WHERE site = $site AND day BETWEEN $first_day AND $last_day AND kind = 'vitals' AND NOT bot
        AND server IS NOT TRUE
    GROUP BY day, session, batch >> 20, view
),
levels AS (
    SELECT session, arg_min(level, (time, batch, position)) AS level
    FROM events
    WHERE site = $site AND level IS NOT NULL AND $level IS NOT NULL
    GROUP BY session
),
hot_measured AS (
    SELECT
        day, session, device, vitals.page AS page,
        unnest(['lcp', 'inp', 'cls', 'fcp', 'ttfb']) AS vital,
        unnest([vitals.lcp, vitals.inp, vitals.cls, vitals.fcp, vitals.ttfb]) AS value
    FROM hot_latest LEFT JOIN levels USING (session)
    WHERE ($page IS NULL OR vitals.page = $page)
        AND ($level IS NULL OR coalesce(levels.level, 'undeclared') = $level)
),
hot_views AS MATERIALIZED (
    SELECT
        vital, CASE WHEN $by_page THEN page ELSE '' END AS page, day, device, session,
        latency_bucket(value) AS bucket
    FROM hot_measured
    WHERE value IS NOT NULL AND list_contains($vitals, vital)
),
sealed AS (
    SELECT
        vital, CASE WHEN $by_page THEN page ELSE '' END AS page, day, device, sessions, counted,
        map_entries(buckets) AS buckets
    FROM vital_days
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
        AND list_contains($vitals, vital)
        AND ($page IS NULL OR page = $page) AND ($level IS NULL OR level = $level)
)
