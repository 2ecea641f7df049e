-- The events that match some step: only these are ever sorted.
matched AS MATERIALIZED (
    SELECT
        session, weight, time, batch, position, kind,
        CASE kind WHEN 'view' THEN page ELSE name END AS what
    FROM read
    WHERE time >= $start AND time < $until
        AND (kind = 'view' AND list_contains($pages, page)
            OR kind = 'event' AND list_contains($events, name))
),
begun_1 AS (
    SELECT
        *,
        CASE WHEN kind = $kind_1 AND what = $what_1 AND time < $end THEN time END AS begun,
        CASE WHEN kind = $kind_1 AND what = $what_1 AND time < $end THEN time END AS entered,
        CASE WHEN kind = $kind_1 AND what = $what_1 AND time < $end THEN 1 ELSE 0 END AS depth
    FROM matched
)
