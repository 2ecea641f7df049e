-- The versions of each monitor at each location, without those that repeat the one before.
SELECT
    monitor, location, epoch_us(from_time) AS from_us, name,
    interval_ms, timeout_ms, confirm_after, recover_after, paused, removed, generated
FROM monitor_definitions
WHERE from_time <= $until AND ($monitors IS NULL OR list_contains($monitors, monitor))
QUALIFY (name, interval_ms, timeout_ms, confirm_after, recover_after, paused, removed)
    IS DISTINCT FROM lag((name, interval_ms, timeout_ms, confirm_after, recover_after, paused, removed))
        OVER (PARTITION BY monitor, location ORDER BY from_time)
ORDER BY monitor, location, from_time
