-- One row a group: its totals over the window, and how often it came on each day.
SELECT
    fingerprint,
    sum(errors) AS errors, sum(errors_variance) AS errors_variance,
    sum(sessions) AS sessions, sum(sessions_variance) AS sessions_variance,
    map_from_entries(list((day, errors))) AS days,
    bool_or(generated) AS generated
FROM (
    SELECT
        day, fingerprint, sum(errors) AS errors, sum(errors_variance) AS errors_variance,
        sum(sessions) AS sessions, sum(sessions_variance) AS sessions_variance,
        bool_or(generated) AS generated
    FROM counted
    WHERE part = $part
        AND ($level IS NULL OR level = $level)
        AND ($page IS NULL OR page = $page)
        AND ($release IS NULL OR release = $release)
        AND ($fingerprint IS NULL OR fingerprint = $fingerprint)
    GROUP BY day, fingerprint
)
GROUP BY fingerprint
ORDER BY sessions DESC, fingerprint
LIMIT $most
