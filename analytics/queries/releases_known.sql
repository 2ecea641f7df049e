-- The releases a site's people had, and since when, latest first.
SELECT release, first_seen FROM site_releases
WHERE site = $site
ORDER BY first_seen DESC
LIMIT $most
