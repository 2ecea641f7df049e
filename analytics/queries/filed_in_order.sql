-- The last sealed day of those asked for, and whether each session's rows are in order as the files
-- of those days are listed: every day was sealed once, and no rows of it came in since.
SELECT
    max(day) AS last_sealed,
    count(*) = count(DISTINCT (day, content))
        AND coalesce((SELECT min(day) FROM events WHERE site = $site) > max(day), true) AS in_order
FROM sealed_files
WHERE site = $site AND content <> 'summaries' AND day BETWEEN $first_day AND $last_day
    AND dropped_at IS NULL
