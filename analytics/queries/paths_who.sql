-- Whose the sessions of `seen` are, by their summaries: the first level declared in each, and when it was last
-- heard of.
SELECT
    hash(session) AS who,
    coalesce(arg_min(level, first_time) FILTER (level IS NOT NULL), 'undeclared') AS level,
    CASE WHEN count(user_key) = 0 THEN hash(session)
        ELSE hash(arg_min(user_key, first_time) FILTER (user_key IS NOT NULL)) END AS visitor,
    epoch_us(max(last_time)) AS last_us
FROM summaries_in($summary_files)
WHERE site = $site AND day BETWEEN $first_day AND $last_day
    AND hash(session) IN (SELECT who FROM seen)
GROUP BY session
