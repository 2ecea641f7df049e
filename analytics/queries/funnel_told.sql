told AS (
    SELECT
        came.*,
        coalesce(level, 'undeclared') AS level,
        CASE WHEN user_key IS NULL THEN who ELSE hash(user_key) END AS visitor{parts}
    FROM came LEFT JOIN lived ON lived.hashed = came.session{joined}
)
