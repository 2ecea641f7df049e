-- The sessions of `came`, and what they said first, be it before, amid or after they entered: by the
-- summaries of sealed days, which are a row where detail is many, and by hot rows. Not by the
-- summaries of these, which would be made of all sessions there are.
lived AS (
    SELECT session, hash(session) AS hashed, {parts}
    FROM (
        FROM sealed_summaries($summary_files)
        WHERE site = $site AND day BETWEEN $first_day AND $last_day
        UNION ALL BY NAME
        SELECT session, min(time) AS first_time, {hot}
        FROM events
        WHERE site = $site AND day BETWEEN $first_day AND $last_day
            AND hash(session) IN (SELECT session FROM came)
        GROUP BY session
    )
    WHERE hash(session) IN (SELECT session FROM came)
    GROUP BY session
)
