-- As read_sampled, of closed days, of which nothing is hot: without the sessions that lie in a day next
-- to theirs as well.
read AS (
    SELECT events.*, 1.0::DOUBLE AS weight
    FROM sealed_events($files) AS events
    ANTI JOIN (SELECT unnest($straddling::UUID[]) AS session) USING (session)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
        AND bucket < $bucket_end AND NOT bot AND server IS NOT TRUE
)
