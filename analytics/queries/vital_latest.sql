-- One row a view with the vital: whose it was, what it came from, and the requests of it that took
-- long.
views AS (
    SELECT
        session, batch >> 20 AS load, view,
        epoch_us(min(time)) AS at_us,
        any_value(weight) AS weight,
        coalesce(any_value(device), '') AS device,
        coalesce(any_value(browser), '') AS browser,
        coalesce(any_value(release), '') AS release,
        arg_max(
            struct_pack(
                page,
                value := CASE $vital
                    WHEN 'lcp' THEN lcp_ms WHEN 'inp' THEN inp_ms WHEN 'cls' THEN cls
                    WHEN 'fcp' THEN fcp_ms ELSE ttfb_ms END,
                element := CASE $vital
                    WHEN 'lcp' THEN attribution.lcp_target WHEN 'inp' THEN attribution.inp_target
                    WHEN 'cls' THEN attribution.cls_target END,
                resource := CASE $vital WHEN 'lcp' THEN attribution.lcp_url END,
                script := CASE $vital WHEN 'inp' THEN attribution.inp_script END),
            (time, batch, position)
        ) AS latest
    FROM read
    WHERE kind = 'vitals' AND time >= $start AND time < $end
        AND ($page IS NULL OR page = $page)
    GROUP BY ALL
),
requests AS (
    SELECT
        session, batch >> 20 AS load, view, list_sort(list(DISTINCT request.url)) AS urls
    FROM read
    WHERE kind = 'request' AND request.duration_ms >= $slow_request_ms
        AND time >= $start AND time < $end AND ($page IS NULL OR page = $page)
    GROUP BY ALL
),
who AS (
    SELECT
        session,
        arg_min(level, (time, batch, position)) FILTER (level IS NOT NULL) AS level{visitor_of}
    FROM read SEMI JOIN views USING (session)
    GROUP BY session
)
