-- How often each element of a site was clicked since $start.
SELECT click.target AS target, count(*) AS clicks
FROM events
WHERE site = $site AND time >= $start AND kind = 'click' AND click.target <> '' AND NOT bot
GROUP BY target
