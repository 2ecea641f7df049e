-- The groups asked for, by each of what their counts are by.
SELECT
    fingerprint, part, coalesce(level, release, page, browser) AS value,
    sum(errors) AS errors, sum(errors_variance) AS errors_variance,
    sum(sessions) AS sessions, sum(sessions_variance) AS sessions_variance
FROM counted
WHERE list_contains($fingerprints, fingerprint) AND list_contains($parts, part)
GROUP BY fingerprint, part, value
ORDER BY fingerprint, part, sessions DESC, value
