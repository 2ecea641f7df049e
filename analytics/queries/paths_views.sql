-- Every view, and the one event that is asked for, a session after the other and in order: what paths
-- are made of, in one sort. A page is its place in $pages; the event is -1.
SELECT
    hash(session) AS session, weight,
    epoch_us(time) AS time_us,
    coalesce(code, -1)::INTEGER AS code
FROM read LEFT JOIN (
    SELECT unnest($pages::VARCHAR[]) AS name, generate_subscripts($pages::VARCHAR[], 1) - 1 AS code
) AS named ON kind = 'view' AND read.page = named.name
WHERE time >= $from AND time < $until AND (kind = 'view' OR kind = 'event' AND read.name = $event)
ORDER BY bucket, session, time, batch, position
