-- Whose sessions are whose: the first user declared in each.
people AS (
    SELECT session, arg_min(user_key, first_time) AS person
    FROM summaries_in($summary_files)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day AND user_key IS NOT NULL
    GROUP BY session
)
