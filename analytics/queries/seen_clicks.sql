-- The elements clicked: clicks and sessions, by weight.
SELECT target, sum(weight * clicks) AS clicks, sum(weight) AS sessions
FROM (
    SELECT click.target AS target, session, any_value(weight) AS weight, count(*) AS clicks
    FROM read
    WHERE kind = 'click' AND click.target <> '' AND time >= $start AND time < $end
    GROUP BY ALL
)
GROUP BY target
