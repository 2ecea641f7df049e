-- The page templates there are views of, by what was counted of sealed days and in hot rows: some
-- may be of other sessions than those that are read.
SELECT page, hash(page) AS hashed
FROM (
    SELECT page FROM hourly_counts
    WHERE site = $site AND day BETWEEN $first_day AND $last_day AND kind = 'view'
    UNION
    SELECT page FROM events
    WHERE site = $site AND day BETWEEN $first_day AND $last_day AND kind = 'view'
)
ORDER BY page
