SELECT kind, coalesce(page, name) AS what, sum(count)::BIGINT AS count
FROM counted
WHERE kind IN ('view', 'event') AND coalesce(page, name) IS NOT NULL
GROUP BY ALL
