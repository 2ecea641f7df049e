-- The versions of each monitor at each location, without those that repeat the one before.
WITH told AS (
    SELECT *, coalesce(try_cast(json_extract_string(definition, '$.quorum') AS INTEGER), 0) AS quorum
    FROM monitor_definitions
    WHERE from_time <= $until AND ($monitors IS NULL OR list_contains($monitors, monitor))
)
SELECT
    monitor, location, epoch_us(from_time) AS from_us, name,
    interval_ms, timeout_ms, confirm_after, recover_after, paused, removed, generated, quorum
FROM told
QUALIFY (name, interval_ms, timeout_ms, confirm_after, recover_after, paused, removed, quorum)
    IS DISTINCT FROM lag(
        (name, interval_ms, timeout_ms, confirm_after, recover_after, paused, removed, quorum)
    ) OVER (PARTITION BY monitor, location ORDER BY from_time)
ORDER BY monitor, location, from_time
