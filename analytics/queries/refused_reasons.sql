-- What was refused, by reason and site, with its latest example. What was only counted has no detail.
SELECT
    reason, coalesce(site, '') AS site, sum(count)::BIGINT AS count,
    coalesce(sum(count) FILTER (detail IS NULL), 0)::BIGINT AS only_counted,
    max(received) AS last,
    coalesce(arg_max(detail, received) FILTER (detail IS NOT NULL), '') AS detail,
    coalesce(arg_max(part, received) FILTER (part IS NOT NULL), '') AS part,
    coalesce(arg_max(origin, received) FILTER (origin IS NOT NULL), '') AS origin
FROM refused
WHERE received >= $start AND received < $end
  AND ($site IS NULL OR coalesce(site, '') = $site) AND ($reason IS NULL OR reason = $reason)
GROUP BY reason, site
ORDER BY count DESC, reason, site
