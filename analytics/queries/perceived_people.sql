-- The sessions with a sign since $from, in the order of their ids; level and user are the session's.
SELECT level, visitor, weight
FROM (
    SELECT
        session,
        coalesce(
            arg_min(level, (time, batch, position)) FILTER (level IS NOT NULL), 'undeclared'
        ) AS level,
        hash(coalesce(min(user_key), session::VARCHAR)) AS visitor,
        any_value(weight) AS weight,
        bool_or(time >= $from AND time < $end) AS there
    FROM read
    GROUP BY session
)
WHERE there
ORDER BY session
