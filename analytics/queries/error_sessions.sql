-- How many sessions there were on the days, by level, release and browser; of one over midnight, each
-- day's part.
-- Not of those that straddle the midnights of a closed day, which are counted apart. Hot sessions are
-- summed up by what is asked alone.
SELECT part, value, sum(sessions)::DOUBLE AS sessions FROM (
    SELECT
        CASE GROUPING(level, release, browser)
            WHEN 7 THEN 'all' WHEN 3 THEN 'level' WHEN 5 THEN 'release' ELSE 'browser'
        END AS part,
        coalesce(level, release, browser, '') AS value,
        count(*) AS sessions
    FROM (
        SELECT
            coalesce(level, 'undeclared') AS level, coalesce(release, '') AS release,
            coalesce(browser, '') AS browser
        FROM (
            SELECT session, level, release, browser, bot, server
            FROM sealed_summaries($summary_files)
            WHERE site = $site AND day BETWEEN $first_day AND $last_day
            UNION ALL
            SELECT
                session,
                arg_min(level, (time, batch, position)) FILTER (level IS NOT NULL),
                arg_min(release, (time, batch, position)) FILTER (release IS NOT NULL),
                arg_min(browser, (time, batch, position)) FILTER (browser IS NOT NULL),
                bool_or(bot), bool_and(server)
            FROM events
            WHERE site = $site AND day BETWEEN $first_day AND $last_day
            GROUP BY day, session
        )
        ANTI JOIN (SELECT unnest($straddling::UUID[]) AS session) USING (session)
        WHERE NOT bot AND server IS NOT TRUE
    )
    GROUP BY GROUPING SETS ((), (level), (release), (browser))
)
GROUP BY ALL
