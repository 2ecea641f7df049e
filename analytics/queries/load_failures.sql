SELECT segment, position, reason, found_at
FROM load_failures
WHERE found_at <= $now
ORDER BY found_at DESC, segment, position
LIMIT $rows_max
