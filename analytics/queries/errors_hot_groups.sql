-- What hot errors tell of each group.
SELECT
    fingerprint, any_value(name) AS name, any_value(plain_message(message)) AS message,
    coalesce(any_value(culprit), '') AS culprit, arg_max(page, time) AS page,
    min(time) AS first_seen, max(time) AS last_seen, arg_min(release, time) AS first_release,
    arg_max(release, time) AS last_release
FROM hot
GROUP BY fingerprint
