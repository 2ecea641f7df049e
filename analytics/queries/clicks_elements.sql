-- One row a session and element: a session of many clicks is one row for each thing it clicked.
SELECT
    hash(session) AS session,
    click.target AS target,
    count(*) AS clicks,
    count(*) FILTER (click.rage > 0) AS rage,
    count(*) FILTER (click.dead) AS dead,
    count(*) FILTER (click.error) AS error
FROM read
WHERE page = $page AND kind = 'click' AND time >= $start AND time < $end
    AND coalesce(click.target, '') <> ''
GROUP BY ALL
