-- Erasures finished in a month, first first.
SELECT
    receipt, site, subject, asked_at, finished_at, sessions, events, replays, scanned_files,
    coalesce(masked, 0) AS masked
FROM erasures
WHERE finished_at >= $start AND finished_at < $end
ORDER BY finished_at, receipt
