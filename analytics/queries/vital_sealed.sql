-- One row a vital, page (one for all, unless by page), day, device and level of sealed views: of how
-- many sessions they are, and their histogram, of each view `counted` times.
SELECT
    vital, CASE WHEN $by_page THEN page ELSE '' END AS page, day, device,
    sessions::DOUBLE AS sessions, counted,
    map_keys(buckets) AS buckets, map_values(buckets) AS numbers
FROM vital_days
WHERE site = $site AND day BETWEEN $first_day AND $last_day
    AND list_contains($vitals, vital)
    AND ($pages IS NULL OR list_contains($pages, page)) AND ($level IS NULL OR level = $level)
