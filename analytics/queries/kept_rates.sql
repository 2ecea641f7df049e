-- The lowest rates at which the sealed days of a window were sampled and kept, the highest at which
-- any session was kept, and whether all days were sampled by user; NULL: none is sealed.
SELECT min(sample), min(keep), max(coalesce(keep_most, keep)), bool_and(unit = 'user')
FROM sealed_files
WHERE site = $site AND day BETWEEN $first_day AND $last_day AND dropped_at IS NULL
