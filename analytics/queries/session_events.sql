-- What a session did, in order; of vitals and leaves the last of each view, which replaces others.
-- Beside it what servers told of its user meanwhile, and what was deployed. Events are numbered by few
-- columns, and only those shown are read whole: all columns of 200,000 events took over a second.
-- Files are sorted by session: what is asked of it alone passes over the rest of the day unread.
WITH own AS (
    FROM events_in($files)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day AND session = $session::UUID
),
beside AS (
    FROM events_in($files)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
        AND session IS DISTINCT FROM $session::UUID
        AND server AND kind = 'event' AND time BETWEEN $first AND $last
        AND (user_key = $user_key OR name = 'deploy')
),
kept AS (
    SELECT
        session, batch, position, time,
        kind = 'error' OR coalesce(click.rage > 0 OR click.dead OR click.error, false)
            OR coalesce(
                request.status >= 500 OR request.status = 0 AND NOT request.aborted, false
            ) AS bad
    FROM (FROM own UNION ALL FROM beside)
    QUALIFY kind NOT IN ('vitals', 'leave') OR row_number() OVER (
        PARTITION BY batch >> 20, view, kind ORDER BY time DESC, batch DESC, position DESC
    ) = 1
),
told AS MATERIALIZED (
    SELECT
        session, batch, position, bad,
        row_number() OVER (ORDER BY time, batch, position) - 1 AS number
    FROM kept
),
shown AS (
    SELECT *, (SELECT count(*) FROM told) AS total
    FROM told
    WHERE number >= $after AND number < $after + $most
        OR number = (SELECT min(number) FROM told WHERE bad)
)
SELECT
    time, kind, page,
    coalesce(name, '') AS name,
    coalesce(message, '') AS message,
    coalesce(stack, '') AS stack,
    value, coalesce(currency, '') AS currency, attributes,
    lcp_ms, inp_ms, cls, fcp_ms, ttfb_ms,
    coalesce(via, '') AS via, coalesce(source, '') AS source,
    click, request, frame, leave,
    bad, coalesce(server, false) AS server, coalesce(release, '') AS release, number,
    total
FROM events_in($files) JOIN shown USING (session, batch, position)
WHERE site = $site AND day BETWEEN $first_day AND $last_day
ORDER BY number
