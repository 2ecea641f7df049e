-- Single ones that were kept with their detail, newest first.
SELECT
    received, reason, coalesce(site, '') AS site, count::BIGINT AS count, detail,
    coalesce(part, '') AS part, coalesce(origin, '') AS origin
FROM refused
WHERE received >= $start AND received < $end AND detail IS NOT NULL
  AND ($site IS NULL OR coalesce(site, '') = $site) AND ($reason IS NULL OR reason = $reason)
ORDER BY received DESC, reason, site, detail, part
LIMIT $most OFFSET $after
