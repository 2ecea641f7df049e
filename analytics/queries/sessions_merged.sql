-- One row a session: its days' summaries merged. Of a window's days, so that one that began before
-- it is known from there on. With $since, of hot ones those alone that were heard of since.
merged AS (
    SELECT
        session,
        min(s.first_time) AS first_time,
        max(s.last_time) AS last_time,
        arg_min(s.level, s.first_time) FILTER (s.level IS NOT NULL) AS level,
        arg_min(s.user_key, s.first_time) FILTER (s.user_key IS NOT NULL) AS user_key,
        arg_min(s.device, s.first_time) FILTER (s.device IS NOT NULL) AS device,
        arg_min(s.browser, s.first_time) FILTER (s.browser IS NOT NULL) AS browser,
        arg_min(s.os, s.first_time) FILTER (s.os IS NOT NULL) AS os,
        arg_min(s.release, s.first_time) FILTER (s.release IS NOT NULL) AS release,
        arg_min(s.entry_page, s.first_time) FILTER (s.entry_page IS NOT NULL) AS entry_page,
        sum(s.views)::BIGINT AS views,
        sum(s.named_events)::BIGINT AS named_events,
        sum(s.errors)::BIGINT AS errors,
        coalesce(sum(s.clicks), 0)::BIGINT AS clicks,
        coalesce(sum(s.rage_clicks), 0)::BIGINT AS rage_clicks,
        coalesce(sum(s.failed_requests), 0)::BIGINT AS failed_requests,
        coalesce(sum(s.engaged_ms), 0) / 1000.0 AS engaged_s,
        bool_or(s.generated) AS generated
    FROM (
        SELECT * FROM hot_summaries_since($since::TIMESTAMP)
        UNION ALL BY NAME
        SELECT * FROM sealed_summaries($files)
    ) AS s
    WHERE site = $site AND day BETWEEN $first_day AND $last_day AND NOT bot
        AND server IS NOT TRUE
        AND ($session::UUID IS NULL OR session = $session::UUID)
    GROUP BY session
),
recorded AS (
    SELECT session, count(*) AS chunks, sum(epoch(end_time - start_time)) AS recorded_s
    FROM replays
    WHERE site = $site AND ($session::UUID IS NULL OR session = $session::UUID)
    GROUP BY session
)
