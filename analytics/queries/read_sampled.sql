-- The events of a sample: every session whose bucket is below its end, each standing for itself.
-- Events that servers posted for nobody's session are in none: only counted.
read AS (
    SELECT *, 1.0::DOUBLE AS weight
    FROM events_in($files)
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
        AND bucket < $bucket_end AND NOT bot AND server IS NOT TRUE
)
