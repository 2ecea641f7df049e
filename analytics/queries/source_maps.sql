-- The maps of one release, and what they are of.
SELECT path, map, script FROM source_maps
WHERE site = $site AND release = $release
