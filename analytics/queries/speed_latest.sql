-- One row a view: the latest vitals it sent, and its session's first declared level and device; whose
-- it is where users are drawn.
-- row_number() costs a third of arg_max() of a struct.
views AS (
    SELECT session, weight, page, lcp_ms, inp_ms, cls, fcp_ms, ttfb_ms
    FROM read
    WHERE kind = 'vitals' AND time >= $start AND time < $end AND page IS NOT NULL
        AND ($page IS NULL OR page = $page)
    QUALIFY row_number() OVER (
        PARTITION BY session, batch >> 20, view ORDER BY time DESC, batch DESC, position DESC
    ) = 1
),
who AS (
    SELECT
        session,
        arg_min(level, (time, batch, position)) FILTER (level IS NOT NULL) AS level,
        min(device) AS device{visitor_of}
    FROM read
    GROUP BY session
)
