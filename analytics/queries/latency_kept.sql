-- Latency of passing checks by slot where single results are gone: kept histograms added up, and
-- results of other days put into the same buckets. A quantile is the middle of the bucket it is in.
WITH dropped AS (
    SELECT day FROM check_days WHERE raw_dropped_at IS NOT NULL
),
kept AS (
    SELECT (epoch_us(hour) - $start_us) // $slot_us AS slot,
        checks, failed, generated, dns, connect, tls, wait, transfer, total
    FROM check_hours
    WHERE monitor = $monitor AND hour >= $start AND hour < $end
        AND day IN (SELECT day FROM dropped)
    UNION ALL BY NAME
    SELECT (epoch_us(due) - $start_us) // $slot_us AS slot,
        count(*) AS checks, count(*) FILTER (verdict = 'bad') AS failed,
        bool_or(generated) AS generated,
        histogram(latency_bucket(dns_ms)) FILTER (passed AND dns_ms IS NOT NULL) AS dns,
        histogram(latency_bucket(connect_ms)) FILTER (passed AND connect_ms IS NOT NULL) AS connect,
        histogram(latency_bucket(tls_ms)) FILTER (passed AND tls_ms IS NOT NULL) AS tls,
        histogram(latency_bucket(wait_ms)) FILTER (passed AND wait_ms IS NOT NULL) AS wait,
        histogram(latency_bucket(transfer_ms)) FILTER (passed AND transfer_ms IS NOT NULL)
            AS transfer,
        histogram(latency_bucket(total_ms)) FILTER (passed AND total_ms IS NOT NULL) AS total
    FROM (
        SELECT *, verdict IN ('good', 'degraded') AS passed FROM checks
        WHERE monitor = $monitor AND due >= $start AND due < $end AND verdict <> 'unknown'
            AND due::DATE NOT IN (SELECT day FROM dropped)
    )
    GROUP BY slot
),
entries AS (
    SELECT slot, unnest(['dns', 'connect', 'tls', 'wait', 'transfer', 'total']) AS phase,
        unnest([dns, connect, tls, wait, transfer, total]) AS buckets
    FROM kept
),
pairs AS (
    SELECT slot, phase, unnest(map_entries(buckets)) AS pair FROM entries WHERE buckets IS NOT NULL
),
counted AS (
    SELECT slot, phase, pair.key AS bucket, sum(pair.value) AS count
    FROM pairs GROUP BY ALL
),
cumulated AS (
    SELECT slot, phase, bucket,
        sum(count) OVER (PARTITION BY slot, phase ORDER BY bucket) AS up_to,
        sum(count) OVER (PARTITION BY slot, phase) AS of_all
    FROM counted
),
quantiles AS (
    SELECT slot, phase,
        bucket_latency(min(bucket) FILTER (up_to >= 0.5 * of_all)) AS p50,
        bucket_latency(min(bucket) FILTER (up_to >= 0.95 * of_all)) AS p95
    FROM cumulated GROUP BY slot, phase
),
sums AS (
    SELECT slot, sum(checks)::BIGINT AS checks, sum(failed)::BIGINT AS failed,
        bool_or(generated) AS generated
    FROM kept GROUP BY slot
)
SELECT
    slot, checks, failed,
    max(p50) FILTER (phase = 'dns') AS dns_ms,
    max(p50) FILTER (phase = 'connect') AS connect_ms,
    max(p50) FILTER (phase = 'tls') AS tls_ms,
    max(p50) FILTER (phase = 'wait') AS wait_ms,
    max(p50) FILTER (phase = 'transfer') AS transfer_ms,
    max(p50) FILTER (phase = 'total') AS total_p50_ms,
    max(p95) FILTER (phase = 'total') AS total_p95_ms,
    generated
FROM sums LEFT JOIN quantiles USING (slot)
GROUP BY slot, checks, failed, generated
ORDER BY slot
