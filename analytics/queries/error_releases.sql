-- The releases seen in the window, latest first, with the groups that were met first in each, and the
-- source maps there are of it.
SELECT
    release, any_value(site_releases.first_seen) AS out,
    count(error_groups.fingerprint) AS groups,
    (
        SELECT count(*) FROM source_maps
        WHERE source_maps.site = $site AND source_maps.release = site_releases.release
    ) AS maps
FROM site_releases
LEFT JOIN error_groups
    ON error_groups.site = site_releases.site AND error_groups.first_release = site_releases.release
    AND error_groups.first_seen >= site_releases.first_seen
WHERE site_releases.site = $site AND site_releases.last_seen >= $start
    AND site_releases.first_seen < $end
GROUP BY release
ORDER BY out DESC, release
LIMIT $most
