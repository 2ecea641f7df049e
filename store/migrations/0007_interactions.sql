-- What people did in a view, what its speed came from, and events posted by servers. Records of
-- before have none of it: their columns are NULL, in sealed files too.

ALTER TABLE events ADD COLUMN via VARCHAR;           -- of views: rum.records.Via
ALTER TABLE events ADD COLUMN source VARCHAR;        -- of errors: rum.records.Source
ALTER TABLE events ADD COLUMN attribution STRUCT(    -- of vitals
    lcp_target VARCHAR, lcp_url VARCHAR,
    lcp_load_delay_ms FLOAT, lcp_load_time_ms FLOAT, lcp_render_delay_ms FLOAT,
    inp_target VARCHAR, inp_type VARCHAR,
    inp_input_delay_ms FLOAT, inp_processing_ms FLOAT, inp_presentation_ms FLOAT,
    inp_script VARCHAR, inp_script_time_ms FLOAT,
    cls_target VARCHAR, cls_time_ms FLOAT,
    ttfb_waiting_ms FLOAT, ttfb_dns_ms FLOAT, ttfb_connect_ms FLOAT, ttfb_request_ms FLOAT);
ALTER TABLE events ADD COLUMN click STRUCT(          -- x and y are shares of the target, the rest px
    target VARCHAR, x FLOAT, y FLOAT, page_x INTEGER, page_y INTEGER,
    viewport_width INTEGER, document_height INTEGER,
    fixed BOOLEAN, rage USMALLINT, dead BOOLEAN, error BOOLEAN);
ALTER TABLE events ADD COLUMN request STRUCT(        -- status 0: no answer came
    url VARCHAR, status USMALLINT, duration_ms FLOAT, method VARCHAR, wait_ms FLOAT,
    initiator VARCHAR, aborted BOOLEAN);
ALTER TABLE events ADD COLUMN frame STRUCT(
    duration_ms FLOAT, blocking_ms FLOAT, script VARCHAR, script_time_ms FLOAT, invoker VARCHAR);
ALTER TABLE events ADD COLUMN leave STRUCT(          -- the latest of a view replaces the others
    scroll_px INTEGER, scroll FLOAT, engaged_ms FLOAT, visible_ms FLOAT);
ALTER TABLE events ADD COLUMN server BOOLEAN DEFAULT false;        -- nobody's session
ALTER TABLE events ADD COLUMN storage_free BOOLEAN DEFAULT false;  -- a visitor's day, not a session

-- As before, with what people did; `server`, `storage_free` and the counts are NULL in summaries
-- sealed before. A request has failed when no answer came, and the page did not want it so, or when
-- the server said that it was at fault. A view's engaged time is what its latest leave says; of one
-- open over midnight, both days count what came before it.
CREATE OR REPLACE MACRO hot_summaries() AS TABLE
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
        GROUP BY site, day, session
    ) AS summaries
    LEFT JOIN (
        SELECT site, day, session, sum(engaged_ms) AS engaged_ms
        FROM (
            SELECT site, day, session, max(leave.engaged_ms) AS engaged_ms
            FROM events
            WHERE kind = 'leave'
            GROUP BY site, day, session, batch >> 20, view
        )
        GROUP BY site, day, session
    ) AS engaged USING (site, day, session);
