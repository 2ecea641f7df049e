-- The lowest rates at which the sealed days of a window were sampled and kept, and the highest at which
-- any session was kept; NULL: none is sealed.
SELECT min(sample), min(keep), max(coalesce(keep_most, keep))
FROM sealed_files
WHERE site = $site AND day BETWEEN $first_day AND $last_day AND dropped_at IS NULL
