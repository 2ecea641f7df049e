-- What a session did, in order; of vitals and leaves the last of each view, which replaces others.
WITH kept AS (
    SELECT *
    FROM events_in($files)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day AND session = $session::UUID
    QUALIFY kind NOT IN ('vitals', 'leave') OR row_number() OVER (
        PARTITION BY batch >> 20, view, kind ORDER BY time DESC, batch DESC, position DESC
    ) = 1
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
    count(*) OVER () AS total
FROM kept
ORDER BY time, batch, position
LIMIT $most OFFSET $after
