-- Latency of passing checks by slot; a phase that did not happen is in no median.
SELECT
    (epoch_us(due) - $start_us) // $slot_us AS slot,
    count(*) AS checks,
    count(*) FILTER (verdict = 'bad') AS failed,
    quantile_cont(dns_ms, 0.5) FILTER (verdict IN ('good', 'degraded')) AS dns_ms,
    quantile_cont(connect_ms, 0.5) FILTER (verdict IN ('good', 'degraded')) AS connect_ms,
    quantile_cont(tls_ms, 0.5) FILTER (verdict IN ('good', 'degraded')) AS tls_ms,
    quantile_cont(wait_ms, 0.5) FILTER (verdict IN ('good', 'degraded')) AS wait_ms,
    quantile_cont(transfer_ms, 0.5) FILTER (verdict IN ('good', 'degraded')) AS transfer_ms,
    quantile_cont(total_ms, 0.5) FILTER (verdict IN ('good', 'degraded')) AS total_p50_ms,
    quantile_cont(total_ms, 0.95) FILTER (verdict IN ('good', 'degraded')) AS total_p95_ms,
    bool_or(generated) AS generated
FROM checks
WHERE monitor = $monitor AND due >= $start AND due < $end AND verdict <> 'unknown'
GROUP BY slot
ORDER BY slot
