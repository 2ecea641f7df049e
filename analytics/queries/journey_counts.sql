-- Business events and errors by slot.
SELECT
    epoch_us(moment) // $slot_us AS slot,
    coalesce(sum(count) FILTER (kind = 'event' AND name = $event), 0)::BIGINT AS activity,
    coalesce(sum(count) FILTER (kind = 'error'), 0)::BIGINT AS errors
FROM counted
GROUP BY slot
