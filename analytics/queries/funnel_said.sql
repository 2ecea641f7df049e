-- What summaries do not hold of those sessions.
said AS (
    SELECT session, {parts}
    FROM read SEMI JOIN lived USING (session)
    GROUP BY session
)
