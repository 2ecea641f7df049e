-- The release that a site's pages said last since $start, "" when they said none; and whether its
-- source maps are kept.
WITH latest AS (
    SELECT coalesce(arg_max(release, time), '') AS release
    FROM events
    WHERE site = $site AND time >= $start AND release IS NOT NULL AND NOT bot
        AND server IS NOT TRUE
)
SELECT
    release,
    EXISTS (FROM source_maps WHERE site = $site AND source_maps.release = latest.release)
FROM latest
