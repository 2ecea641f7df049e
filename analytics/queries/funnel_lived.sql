-- The sessions of `came`, and what they said first, be it before, amid or after they entered.
lived AS (
    SELECT session, hash(session) AS hashed, {parts}
    FROM ({rows})
    WHERE hash(session) IN (SELECT session FROM came)
    GROUP BY session
)
