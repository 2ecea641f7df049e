-- One row a vital, page (one for all, unless by page), day, device and bucket of hot views: how many;
-- and one without a bucket: how many sessions' views those are.
SELECT vital, page, day, device, latency_bucket(value) AS bucket, sum(number)::DOUBLE AS number
FROM (SELECT vital, page, day, device, value, count(*) AS number FROM hot_views GROUP BY ALL)
GROUP BY ALL
UNION ALL
SELECT vital, page, day, device, NULL, count(DISTINCT session) FROM hot_views GROUP BY ALL
