SELECT
    hash(views.session) AS session{visitor},
    vitals.lcp_ms AS lcp_ms, weight, coalesce(converted_at >= landing.time, false) AS converted
FROM views
JOIN vitals
    ON vitals.session = views.session AND vitals.load = landing.load
    AND vitals.view = landing.view
JOIN who ON who.session = views.session
WHERE landing.time >= $start AND landing.time < $end
    AND ($page IS NULL OR landing.page = $page)
    AND ($device IS NULL OR device = $device)
    AND ($level IS NULL OR coalesce(level, 'undeclared') = $level)
