-- As speed_who, of sealed days alone: their summaries say it, a row a session where detail is many.
who AS (
    SELECT
        session,
        arg_min(level, first_time) FILTER (level IS NOT NULL) AS level,
        min(device) AS device
    FROM sealed_summaries($summary_files)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
    GROUP BY session
)
