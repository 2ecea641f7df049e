-- Rows and the last time of each kind: events by site, sealed days included; checks by location.
SELECT 'events' AS kind, site AS name, sum(count)::BIGINT AS rows, max(last) AS last,
    bool_or(generated) AS generated
FROM (
    SELECT site, count(*) AS count, max(received) AS last, bool_or(generated) AS generated
    FROM events GROUP BY site
    UNION ALL
    SELECT site, sum(count), max(hour), bool_or(generated) FROM hourly_counts GROUP BY site
)
GROUP BY site
UNION ALL
SELECT 'checks', location, count(*), max(started), bool_or(generated)
FROM checks GROUP BY location
UNION ALL
SELECT 'refused', coalesce(site, ''), sum(count)::BIGINT, max(received), false
FROM refused GROUP BY site
ORDER BY kind, name
