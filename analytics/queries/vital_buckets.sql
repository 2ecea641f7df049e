-- One row a page (one for all, unless by page), day, device and bucket.
SELECT
    CASE WHEN $by_page THEN page ELSE '' END AS page,
    day, device, bucket, bucket_latency(bucket) AS value, sum(views)::DOUBLE AS views
FROM (
    SELECT page, day, device, bucket, count(*) AS views FROM hot_views GROUP BY ALL
    UNION ALL
    SELECT page, day, device, entry.key AS bucket, entry.value / counted AS views
    FROM (SELECT page, day, device, counted, unnest(buckets) AS entry FROM sealed)
)
GROUP BY ALL
ORDER BY ALL
