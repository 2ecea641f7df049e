-- Whose the sessions of `seen` are: the first level declared in each, and when it was last heard of.
-- Hot sessions are summed up by what is asked alone.
SELECT
    hash(session) AS who,
    coalesce(arg_min(level, first_time) FILTER (level IS NOT NULL), 'undeclared') AS level,
    CASE WHEN count(user_key) = 0 THEN hash(session)
        ELSE hash(arg_min(user_key, first_time) FILTER (user_key IS NOT NULL)) END AS visitor,
    epoch_us(max(last_time)) AS last_us
FROM (
    SELECT session, level, user_key, first_time, last_time
    FROM sealed_summaries($summary_files)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
        AND hash(session) IN (SELECT who FROM seen)
    UNION ALL
    SELECT
        session,
        arg_min(level, (time, batch, position)) FILTER (level IS NOT NULL),
        arg_min(user_key, (time, batch, position)) FILTER (user_key IS NOT NULL),
        min(time), max(time)
    FROM events
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
        AND hash(session) IN (SELECT who FROM seen)
    GROUP BY day, session
)
GROUP BY session
