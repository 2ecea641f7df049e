-- The certificates each monitor was shown since $since, as the latest result with each says it; the
-- one seen last first.
SELECT
    monitor,
    certificate_expires,
    max(due) AS seen,
    arg_max(coalesce(certificate_issuer, ''), due) AS issuer,
    arg_max(coalesce(certificate_names, []), due) AS names,
    arg_max(coalesce(certificate_problem, ''), due) AS problem
FROM checks
WHERE due >= $since AND certificate_expires IS NOT NULL
GROUP BY monitor, certificate_expires
ORDER BY monitor, seen DESC
