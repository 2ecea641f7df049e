-- One row a view: its latest vitals, and its session's first declared level and device.
views AS (
    SELECT
        session, batch >> 20 AS load, view,
        any_value(weight) AS weight,
        arg_max(
            struct_pack(page, lcp_ms, inp_ms, cls, fcp_ms, ttfb_ms), (time, batch, position)
        ) AS latest
    FROM read
    WHERE kind = 'vitals' AND time >= $start AND time < $end
        AND ($page IS NULL OR page = $page)
    GROUP BY ALL
),
who AS (
    SELECT
        session,
        arg_min(level, (time, batch, position)) FILTER (level IS NOT NULL) AS level,
        min(device) AS device
    FROM read
    GROUP BY session
)
