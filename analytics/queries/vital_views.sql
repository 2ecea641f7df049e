SELECT
    at_us, hash(session) AS session{visitor}, weight, coalesce(level, 'undeclared') AS level, device,
    browser, release, latest.value AS value, latest.element AS element, latest.resource AS resource,
    latest.script AS script, coalesce(urls, []) AS requests
FROM views LEFT JOIN requests USING (session, load, view) JOIN who USING (session)
WHERE latest.value IS NOT NULL
