-- Checks of a site's sample that failed for some part of a window, latest first.
SELECT site, until, window_h, what, of_all, in_sample, expected, failed
FROM sample_checks
WHERE failed AND ($site IS NULL OR site = $site)
    AND until > $start AND until - to_hours(window_h) < $end
ORDER BY until DESC, window_h, what
