-- The first hour of which anything of a site is counted.
SELECT epoch_us(min(moment)) // 3600000000 AS hour
FROM (
    SELECT min(hour) AS moment FROM hourly_counts WHERE site = $site
    UNION ALL
    SELECT min(time) FROM events WHERE site = $site
)
