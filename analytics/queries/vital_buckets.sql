-- One row a day, device and bucket.
SELECT day, device, bucket, bucket_latency(bucket) AS value, sum(views)::DOUBLE AS views
FROM (
    SELECT day, device, bucket, count(*) AS views FROM hot_views GROUP BY ALL
    UNION ALL
    SELECT day, device, entry.key AS bucket, entry.value / counted AS views
    FROM (SELECT day, device, counted, unnest(buckets) AS entry FROM sealed)
)
GROUP BY day, device, bucket
ORDER BY day, device, bucket
