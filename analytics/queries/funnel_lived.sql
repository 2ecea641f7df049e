-- What those that entered are told apart by: of the session they entered in, what it said first, be
-- it before, amid or after.
lived AS (
    SELECT session, min(user_key) AS user_key, {parts}
    FROM read SEMI JOIN came USING (session)
    GROUP BY session
)
