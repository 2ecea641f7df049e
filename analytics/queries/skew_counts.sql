-- Of those that came within each of some stretches up to $until: how many there are, how many are in
-- the sample, and the same of those that had an event, an error, more than one view. Summaries hold
-- everyone. `whose` is a session, or a user with all its sessions where the sample is of users.
WITH user_buckets AS (
    SELECT session, arg_min(user_bucket, (time, batch, position)) AS bucket
    FROM events
    WHERE $of_users AND site = $site AND user_bucket IS NOT NULL
    GROUP BY session
),
days AS (
    SELECT
        CASE WHEN $of_users THEN coalesce(user_key, session::VARCHAR) ELSE session::VARCHAR END
            AS whose,
        coalesce(user_buckets.bucket, summaries.bucket) AS bucket,
        first_time, named_events, errors, views
    FROM summaries_in($files) AS summaries LEFT JOIN user_buckets USING (session)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day AND NOT bot AND server IS NOT TRUE
        AND first_time < $until
),
stretches AS (SELECT unnest($windows_h::INTEGER[]) AS window_h),
people AS (
    SELECT
        window_h, whose,
        min(bucket) AS bucket,
        sum(named_events) > 0 AS events,
        sum(errors) > 0 AS errors,
        sum(views) > 1 AS views
    FROM stretches JOIN days ON first_time >= $until::TIMESTAMP - to_hours(window_h)
    GROUP BY window_h, whose
)
SELECT
    window_h,
    max(bucket) AS bucket_most,
    count(*) AS people, count(*) FILTER (bucket < $bucket_end) AS people_in,
    count(*) FILTER (events) AS events,
    count(*) FILTER (events AND bucket < $bucket_end) AS events_in,
    count(*) FILTER (errors) AS errors,
    count(*) FILTER (errors AND bucket < $bucket_end) AS errors_in,
    count(*) FILTER (views) AS views, count(*) FILTER (views AND bucket < $bucket_end) AS views_in
FROM people
GROUP BY window_h
ORDER BY window_h
