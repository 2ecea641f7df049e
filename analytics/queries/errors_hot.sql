-- The errors of hot rows, of all sessions but bots, each with its group. Read anew where they are named
-- again: kept, their stacks take 1.3 KB of memory each.
hot_errors AS NOT MATERIALIZED (
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
hot AS (
    SELECT
        hot_errors.*, coalesce(levels.level, 'undeclared') AS level, places[1] AS culprit,
        error_fingerprint(name, message, array_to_string(places, chr(10))) AS fingerprint
    FROM hot_errors JOIN placed USING (stack) LEFT JOIN levels USING (session)
)
