-- What was refused in each hour, by reason and site; newest first.
SELECT
    date_trunc('hour', received) AS hour, reason, coalesce(site, '') AS site,
    sum(count)::BIGINT AS count
FROM refused
WHERE received >= $start AND received < $end
  AND ($site IS NULL OR coalesce(site, '') = $site) AND ($reason IS NULL OR reason = $reason)
GROUP BY ALL
ORDER BY hour DESC, count DESC, reason, site
LIMIT $most
