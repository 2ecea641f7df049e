-- As read_kept, of closed days, of which nothing is hot: without the sessions that lie in a day next
-- to theirs as well.
kept AS (
    SELECT session, min(inclusion) AS inclusion
    FROM sealed_summaries($summary_files)
    ANTI JOIN (SELECT unnest($straddling::UUID[]) AS session) USING (session)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
    GROUP BY session
),
read AS (
    SELECT events.*, 1 / kept.inclusion AS weight
    FROM sealed_events($files) AS events
    JOIN kept USING (session)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
        AND bucket < floor(kept.inclusion * 4294967296) AND NOT bot AND server IS NOT TRUE
)
