-- By hot rows: not by their summaries, which would be made of all sessions there are.
SELECT session, min(time) AS first_time, {hot}
FROM events
WHERE site = $site AND day BETWEEN $first_day AND $last_day
    AND hash(session) IN (SELECT session FROM came)
GROUP BY session
