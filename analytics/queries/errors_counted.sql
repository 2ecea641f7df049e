-- Errors of whole days by group: sealed days from their counts, hot ones from their rows, of all
-- sessions but bots. `part` says what a row is by; what it is not by is NULL.
hot_errors AS (
    SELECT
        day, session, time, coalesce(name, '') AS name, coalesce(message, '') AS message,
        coalesce(stack, '') AS stack, page, coalesce(release, '') AS release,
        coalesce(browser, '') AS browser, generated
    FROM events
    WHERE site = $site AND day BETWEEN $first_day AND $last_day AND kind = 'error' AND NOT bot
),
placed AS (
    SELECT stack, group_frames(frames) AS places
    FROM (
        SELECT stack, stack_frames(stack) AS frames FROM (SELECT DISTINCT stack FROM hot_errors)
    )
),
levels AS (
    SELECT session, arg_min(level, (time, batch, position)) AS level
    FROM events
    WHERE site = $site AND level IS NOT NULL AND session IN (SELECT session FROM hot_errors)
    GROUP BY session
),
hot AS MATERIALIZED (
    SELECT
        hot_errors.*, coalesce(levels.level, 'undeclared') AS level, places[1] AS culprit,
        error_fingerprint(name, message, array_to_string(places, chr(10))) AS fingerprint
    FROM hot_errors JOIN placed USING (stack) LEFT JOIN levels USING (session)
),
counted AS (
    SELECT
        day, fingerprint, part, level, release, page, browser, errors, sessions,
        errors_variance, sessions_variance, generated
    FROM error_counts
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
    UNION ALL
    SELECT
        day, fingerprint,
        CASE GROUPING(level, release, page, browser)
            WHEN 15 THEN 'all' WHEN 7 THEN 'level' WHEN 11 THEN 'release' WHEN 13 THEN 'page'
            WHEN 14 THEN 'browser' ELSE 'level page'
        END AS part,
        level, release, page, browser, count(*) AS errors, count(DISTINCT session) AS sessions,
        0 AS errors_variance, 0 AS sessions_variance, bool_or(generated) AS generated
    FROM hot
    GROUP BY GROUPING SETS (
        (day, fingerprint),
        (day, fingerprint, level),
        (day, fingerprint, release),
        (day, fingerprint, page),
        (day, fingerprint, browser),
        (day, fingerprint, level, page))
)
