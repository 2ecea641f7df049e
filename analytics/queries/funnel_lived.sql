-- The sessions of `came`, and what they said first, be it before, amid or after they entered: by
-- their summaries, which are a row where detail is many.
lived AS (
    SELECT session, hash(session) AS hashed, {parts}
    FROM summaries_in($summary_files)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
        AND hash(session) IN (SELECT session FROM came)
    GROUP BY session
)
