-- The elements clicked in most sessions, of those in the sample.
SELECT click.target AS target, sum(weight) AS clicks, count(DISTINCT session) * any_value(weight)
FROM read
WHERE kind = 'click' AND click.target <> '' AND time >= $start AND time < $end
GROUP BY target
ORDER BY count(DISTINCT session) DESC, target
LIMIT $most
