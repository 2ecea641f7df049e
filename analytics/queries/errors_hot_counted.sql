-- Hot errors of whole days by group; `part` says what a row is by, and what it is not by is NULL.
SELECT
    day, fingerprint,
    CASE GROUPING(level, release, page, browser)
        WHEN 15 THEN 'all' WHEN 7 THEN 'level' WHEN 11 THEN 'release' WHEN 13 THEN 'page'
        WHEN 14 THEN 'browser' ELSE 'level page'
    END AS part,
    level, release, page, browser, count(*) AS errors, count(DISTINCT session) AS sessions,
    bool_or(generated) AS generated
FROM hot
GROUP BY GROUPING SETS (
    (day, fingerprint),
    (day, fingerprint, level),
    (day, fingerprint, release),
    (day, fingerprint, page),
    (day, fingerprint, browser),
    (day, fingerprint, level, page))
