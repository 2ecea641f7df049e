-- One row a vital, page (one for all, unless by page), day, device and bucket: its views; and before
-- those one without a bucket: how many sessions' views those are.
SELECT
    vital, page, day, device, bucket, bucket_latency(bucket) AS value,
    sum(number)::DOUBLE AS number
FROM (
    SELECT vital, page, day, device, latency_bucket(value) AS bucket, sum(number) AS number
    FROM (
        SELECT vital, page, day, device, value, count(*) AS number FROM hot_views GROUP BY ALL
    )
    GROUP BY ALL
    UNION ALL
    SELECT vital, page, day, device, NULL, count(DISTINCT session) FROM hot_views GROUP BY ALL
    UNION ALL
    SELECT vital, page, day, device, entry.key, entry.value / counted
    FROM (SELECT vital, page, day, device, counted, unnest(buckets) AS entry FROM sealed)
    UNION ALL
    SELECT vital, page, day, device, NULL, sessions FROM sealed
)
GROUP BY ALL
ORDER BY vital, page, day, device, bucket NULLS FIRST
