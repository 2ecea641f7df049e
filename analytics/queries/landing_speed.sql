SELECT
    epoch_us(landing.time) AS landed_us, hash(views.session) AS session{visitor},
    device, coalesce(level, 'undeclared') AS level,
    vitals.lcp_ms AS lcp_ms, weight, coalesce(converted_at >= landing.time, false) AS converted
FROM views
JOIN vitals
    ON vitals.session = views.session AND vitals.load = landing.load
    AND vitals.view = landing.view
JOIN who ON who.session = views.session
