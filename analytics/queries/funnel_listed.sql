-- Those of `shown`, who entered last first: the session in which they came to the step, and whether
-- it was recorded. With an event of it they did, which is hot or of a sealed day.
WITH named AS (
    SELECT events.session AS session, shown.session AS hashed
    FROM events
    JOIN shown ON events.time = make_timestamp(last_us) AND hash(events.session) = shown.session
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
    UNION
    SELECT session, hash(session)
    FROM sealed_summaries($summary_files)
    WHERE site = $site AND hash(session) IN (SELECT session FROM shown)
),
recorded AS (
    SELECT session, count(*) AS chunks, sum(epoch(end_time - start_time)) AS recorded_s
    FROM replays
    WHERE site = $site AND session IN (SELECT session FROM named)
    GROUP BY session
)
SELECT
    named.session AS session,
    make_timestamp(entered_us) AS entered,
    make_timestamp(last_us) AS arrived,
    depth, level, took_s,
    coalesce(chunks, 0) AS chunks,
    coalesce(recorded_s, 0) AS recorded_s
FROM shown
JOIN named ON named.hashed = shown.session
LEFT JOIN recorded ON recorded.session = named.session
ORDER BY entered DESC, session
LIMIT $most OFFSET $after
