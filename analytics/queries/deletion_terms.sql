-- What retention removed in a month, by kind.
SELECT what, sum(count)::BIGINT AS count, max(before) AS before, count(*)::BIGINT AS runs
FROM retirements
WHERE retired_at >= $start AND retired_at < $end
GROUP BY what
ORDER BY what
