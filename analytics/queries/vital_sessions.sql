-- How many sessions' views a day's and device's counts are made of.
SELECT day, device, sum(sessions)::DOUBLE
FROM (
    SELECT day, device, count(DISTINCT session) AS sessions FROM hot_views GROUP BY ALL
    UNION ALL
    SELECT day, device, sessions FROM sealed
)
GROUP BY day, device
