-- The oldest day of which something personal is kept, by where it is.
SELECT 'events not sealed yet' AS place, min(day) AS oldest FROM events
UNION ALL SELECT 'sealed files', min(day) FROM sealed_files WHERE dropped_at IS NULL
UNION ALL SELECT 'recordings', min(day) FROM replays
UNION ALL SELECT 'refused data', min(received)::DATE FROM refused
