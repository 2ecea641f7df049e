-- One row a view: the latest vitals it sent.
-- row_number() costs a third of arg_max() of a struct.
views AS (
    SELECT session, weight, page, lcp_ms, inp_ms, cls, fcp_ms, ttfb_ms
    FROM read
    WHERE kind = 'vitals' AND time >= $start AND time < $end AND page IS NOT NULL
        AND ($page IS NULL OR page = $page)
    QUALIFY row_number() OVER (
        PARTITION BY session, batch >> 20, view ORDER BY time DESC, batch DESC, position DESC
    ) = 1
)
