-- What each event says of its user: 1 a success, -1 a failure, 0 only that somebody is there, 2 that
-- they are at something that is not asked about (analytics/user_time.py).
marked AS (
    SELECT
        *,
        CASE
            WHEN $pages IS NOT NULL AND NOT coalesce(list_contains($pages, page), false)
                AND NOT (kind = 'event' AND list_contains($events, name)) THEN 2
            WHEN kind = 'view' THEN CASE WHEN list_contains($error_pages, page) THEN -1 ELSE 1 END
            WHEN kind = 'event' THEN 1
            WHEN kind = 'error' THEN
                CASE WHEN $errors AND source IS DISTINCT FROM 'script' THEN -1 ELSE 0 END
            WHEN kind = 'click' THEN CASE WHEN $errors AND click.error THEN -1 ELSE 0 END
            WHEN kind = 'request' AND NOT coalesce(request.aborted, false)
                AND (len($key_requests) = 0 OR list_contains($key_requests, request.url))
                THEN CASE WHEN request.status = 0 OR request.status >= 500 THEN -1 ELSE 1 END
            ELSE 0
        END AS mark
    FROM read
    WHERE time >= $from AND time < $end
)
