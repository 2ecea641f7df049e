-- What is known of each group: as noticed, with what came since; and whether it was resolved.
SELECT
    fingerprint, max(name), max(message), max(culprit), arg_max(page, last_seen),
    min(first_seen), max(last_seen), arg_min(first_release, first_seen),
    arg_max(last_release, last_seen),
    any_value(resolved_at), any_value(next_release), any_value(regressed_at),
    coalesce(any_value(regressed_release), '')
FROM (
    SELECT * FROM hot_groups
    UNION ALL
    SELECT
        fingerprint, name, message, culprit, page, first_seen, last_seen, first_release,
        last_release
    FROM error_groups
    WHERE site = $site
) AS seen LEFT JOIN (
    SELECT * FROM error_resolutions WHERE site = $site AND undone_at IS NULL
) AS resolutions USING (fingerprint)
WHERE list_contains($fingerprints, fingerprint)
GROUP BY fingerprint
