-- What was refused, by reason and site, with its latest example.
SELECT
    reason, coalesce(site, '') AS site, sum(count)::BIGINT AS count, max(received) AS last,
    coalesce(arg_max(detail, received) FILTER (detail IS NOT NULL), '') AS detail,
    coalesce(arg_max(part, received) FILTER (part IS NOT NULL), '') AS part,
    coalesce(arg_max(origin, received) FILTER (origin IS NOT NULL), '') AS origin
FROM refused
WHERE received >= $start AND received < $end
GROUP BY reason, site
ORDER BY count DESC, reason, site
