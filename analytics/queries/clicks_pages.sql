-- Pages by how much they were clicked.
SELECT
    page,
    count(*) FILTER (kind = 'view') AS views,
    count(DISTINCT session) AS sessions,
    count(*) FILTER (kind = 'click') AS clicks,
    count(*) FILTER (click.rage > 0) AS rage,
    count(*) FILTER (click.dead) AS dead,
    count(*) FILTER (click.error) AS error
FROM read
WHERE kind IN ('view', 'click') AND time >= $start AND time < $end
GROUP BY page
