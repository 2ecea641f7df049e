-- The sessions of a window that is longer than a day: of sealed days by their summaries, so that no
-- detail is read; `read` holds hot rows alone. The window's edges lie on different days: a session's
-- first or last event of each is within it, or none is.
SELECT count(DISTINCT session) AS sessions, coalesce(bool_or(generated), false) AS generated
FROM (
    SELECT session, generated FROM read WHERE time >= $start AND time < $end
    UNION ALL
    SELECT session, generated
    FROM sealed
    WHERE NOT bot AND server IS NOT TRUE
        AND (first_time >= $start AND first_time < $end OR last_time >= $start AND last_time < $end)
)
