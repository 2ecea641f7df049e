-- Whose the sessions are: the first level declared in each, and when it was last heard of.
SELECT
    hash(session) AS session,
    coalesce(
        arg_min(level, (time, batch, position)) FILTER (level IS NOT NULL), 'undeclared'
    ) AS level,
    hash(coalesce(min(user_key), session::VARCHAR)) AS visitor,
    epoch_us(max(time)) AS last_us
FROM read
WHERE time >= $from AND time < $until
GROUP BY session
