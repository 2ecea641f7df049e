-- As read_sampled, of a sample of users: a hot session is in the bucket of the first user declared
-- in it, in its own where none is. Sealed ones hold the bucket so settled.
user_buckets AS (
    SELECT session, arg_min(user_bucket, (time, batch, position)) AS bucket
    FROM events
    WHERE site = $site AND user_bucket IS NOT NULL
    GROUP BY session
),
read AS (
    SELECT
        events.* REPLACE (coalesce(user_buckets.bucket, events.bucket) AS bucket),
        1.0::DOUBLE AS weight
    FROM events_in($files) AS events LEFT JOIN user_buckets USING (session)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
        AND coalesce(user_buckets.bucket, events.bucket) < $bucket_end
        AND NOT bot AND server IS NOT TRUE
)
