-- How many sessions' views the counts of a page (or all), day and device are made of.
SELECT CASE WHEN $by_page THEN page ELSE '' END AS page, day, device, sum(sessions)::DOUBLE
FROM (
    SELECT page, day, device, count(DISTINCT session) AS sessions FROM hot_views GROUP BY ALL
    UNION ALL
    SELECT page, day, device, sessions FROM sealed
)
GROUP BY ALL
