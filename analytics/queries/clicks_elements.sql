-- One row a session and element: a session of many clicks is one row for each thing it clicked.
SELECT
    session,
    target,
    count(*) AS clicks,
    count(*) FILTER (rage) AS rage,
    count(*) FILTER (dead) AS dead,
    count(*) FILTER (error) AS error
FROM made
GROUP BY ALL
