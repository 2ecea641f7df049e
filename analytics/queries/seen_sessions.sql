-- The sessions each page and event stands for: every sampled session by its weight, once each.
SELECT kind, what, sum(weight) AS sessions
FROM (
    SELECT
        kind, CASE kind WHEN 'view' THEN page ELSE name END AS what,
        session, any_value(weight) AS weight
    FROM read
    WHERE kind IN ('view', 'event') AND time >= $start AND time < $end
    GROUP BY ALL
)
WHERE what IS NOT NULL
GROUP BY ALL
