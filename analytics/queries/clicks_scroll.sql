-- How far each view of the page was scrolled, as the last word of it says.
SELECT
    epoch_us(min(time)) AS at_us,
    hash(session) AS session,
    arg_max(leave.scroll, (time, batch, position)) AS scroll
FROM read
WHERE page = $page AND kind = 'leave' AND time >= $start AND time < $end
    AND leave.scroll IS NOT NULL
GROUP BY session, batch >> 20, view
