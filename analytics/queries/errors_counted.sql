-- Errors of whole days by group: sealed days from their counts, hot ones from what was counted of
-- their rows. `part` says what a row is by; what it is not by is NULL.
counted AS (
    SELECT
        day, fingerprint, part, level, release, page, browser, errors, sessions,
        errors_variance, sessions_variance, generated
    FROM error_counts
    WHERE site = $site AND day BETWEEN $first_day AND $last_day
    UNION ALL
    SELECT
        day, fingerprint, part, level, release, page, browser, errors, sessions,
        0 AS errors_variance, 0 AS sessions_variance, generated
    FROM hot_counted
)
