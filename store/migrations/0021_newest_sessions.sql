-- The newest sessions are looked for without summing up every hot one: `since` limits them to those
-- heard of from then on, with all of their rows; NULL: all.
CREATE MACRO hot_summaries_since(since) AS TABLE
    SELECT summaries.*, coalesce(engaged.engaged_ms, 0) AS engaged_ms
    FROM (
        SELECT
            site, day, session,
            any_value(bucket) AS bucket,
            min(time) AS first_time,
            max(time) AS last_time,
            arg_min(level, (time, batch, position)) FILTER (level IS NOT NULL) AS level,
            arg_min(user_key, (time, batch, position)) FILTER (user_key IS NOT NULL) AS user_key,
            arg_min(device, (time, batch, position)) FILTER (device IS NOT NULL) AS device,
            arg_min(browser, (time, batch, position)) FILTER (browser IS NOT NULL) AS browser,
            arg_min(os, (time, batch, position)) FILTER (os IS NOT NULL) AS os,
            arg_min(country, (time, batch, position)) FILTER (country IS NOT NULL) AS country,
            arg_min(release, (time, batch, position)) FILTER (release IS NOT NULL) AS release,
            arg_min(environment, (time, batch, position)) FILTER (environment IS NOT NULL)
                AS environment,
            arg_min(page, (time, batch, position)) FILTER (kind = 'view') AS entry_page,
            arg_max(page, (time, batch, position)) FILTER (kind = 'view') AS exit_page,
            count(*) FILTER (kind = 'view') AS views,
            count(*) FILTER (kind = 'event') AS named_events,
            count(*) FILTER (kind = 'error') AS errors,
            bool_or(bot) AS bot,
            bool_or(generated) AS generated,
            bool_and(server) AS server,
            bool_and(storage_free) AS storage_free,
            count(*) FILTER (kind = 'click') AS clicks,
            count(*) FILTER (click.rage > 0) AS rage_clicks,
            count(*) FILTER (click.dead) AS dead_clicks,
            count(*) FILTER (click.error) AS error_clicks,
            count(*) FILTER (kind = 'request') AS requests,
            count(*) FILTER (
                request.status >= 500 OR request.status = 0 AND NOT request.aborted
            ) AS failed_requests
        FROM events
        WHERE (since IS NULL OR session IN (SELECT session FROM events WHERE time >= since))
        GROUP BY site, day, session
    ) AS summaries
    LEFT JOIN (
        SELECT site, day, session, sum(engaged_ms) AS engaged_ms
        FROM (
            SELECT site, day, session, max(leave.engaged_ms) AS engaged_ms
            FROM events
            WHERE kind = 'leave'
                AND (since IS NULL OR session IN (SELECT session FROM events WHERE time >= since))
            GROUP BY site, day, session, batch >> 20, view
        )
        GROUP BY site, day, session
    ) AS engaged USING (site, day, session);

CREATE OR REPLACE MACRO hot_summaries() AS TABLE FROM hot_summaries_since(NULL::TIMESTAMP);
