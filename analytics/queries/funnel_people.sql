-- Whose sessions are whose: the first user declared in each.
people AS (
    SELECT session, arg_min(user_key, (time, batch, position)) AS person
    FROM read
    WHERE user_key IS NOT NULL
    GROUP BY session
)
