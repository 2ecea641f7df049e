-- What Vigie kept on the store's disk, and what was free there, oldest first.
SELECT
    sampled_at,
    (database_bytes + wal_bytes + temp_bytes + journal_bytes + sealed_bytes + replays_bytes
        + CASE WHEN backups_here THEN backups_bytes ELSE 0 END)::BIGINT AS own_bytes,
    disk_free_bytes::BIGINT AS disk_free_bytes
FROM resources
WHERE sampled_at >= $since AND sampled_at <= $now
ORDER BY sampled_at
