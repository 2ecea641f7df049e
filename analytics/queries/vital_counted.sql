-- Views of whole days by how a vital was, of all sessions but bots: sealed days from their histograms,
-- hot ones from their rows.
hot_latest AS (
    SELECT
        day, session,
        coalesce(any_value(device), '') AS device,
        arg_max(
            struct_pack(
                page,
                value := CASE $vital
                    WHEN 'lcp' THEN lcp_ms WHEN 'inp' THEN inp_ms WHEN 'cls' THEN 1000 * cls
                    WHEN 'fcp' THEN fcp_ms ELSE ttfb_ms END),
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
hot_views AS (
    SELECT day, vitals.page AS page, session, device, latency_bucket(vitals.value) AS bucket
    FROM hot_latest LEFT JOIN levels USING (session)
    WHERE vitals.value IS NOT NULL AND ($page IS NULL OR vitals.page = $page)
        AND ($level IS NULL OR coalesce(levels.level, 'undeclared') = $level)
),
sealed AS (
    SELECT day, page, device, sessions, counted, map_entries(buckets) AS buckets
    FROM vital_days
    WHERE site = $site AND day BETWEEN $first_day AND $last_day AND vital = $vital
        AND ($page IS NULL OR page = $page) AND ($level IS NULL OR level = $level)
)
