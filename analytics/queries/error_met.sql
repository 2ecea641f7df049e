-- The latest times a group was met, of the detail that is kept, one a session.
WITH met AS (
    SELECT
        session, time, page, coalesce(release, '') AS release, coalesce(browser, '') AS browser,
        coalesce(device, '') AS device, level, coalesce(message, '') AS message,
        coalesce(stack, '') AS stack
    FROM events_in($files)
    WHERE site = $site AND list_contains($days, day) AND kind = 'error' AND NOT bot
        AND coalesce(name, '') = $name
),
placed AS (
    SELECT stack, stack_frames(stack) AS frames FROM (SELECT DISTINCT stack FROM met)
),
latest AS (
    SELECT
        session,
        arg_max((time, page, release, browser, device, level, message, stack, frames), time) AS it
    FROM met JOIN placed USING (stack)
    WHERE error_fingerprint($name, message, array_to_string(group_frames(frames), chr(10)))
        = $fingerprint
    GROUP BY session
)
SELECT
    session, it[1], it[2], it[3], it[4], it[5], coalesce(it[6], 'undeclared'), it[7], it[8],
    list_transform(it[9], lambda frame: {
        'function': stack_function(frame), 'called': frame.called || frame.caller,
        'file': frame.file, 'line': frame.line, 'col': frame.col,
        'in_app': stack_in_app(frame.file)}),
    session IN (SELECT session FROM replays WHERE site = $site)
FROM latest
ORDER BY it[1] DESC
LIMIT $most
