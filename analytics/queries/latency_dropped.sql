-- How many of the window's days have lost their single results.
SELECT count(*) FROM check_days
WHERE raw_dropped_at IS NOT NULL AND day >= $start::DATE AND day < $end
