-- How large everything was, each hour: to tell when the disk will be full. Names nobody.

CREATE TABLE resources (
    sampled_at      TIMESTAMP NOT NULL,
    database_bytes  UBIGINT NOT NULL,
    wal_bytes       UBIGINT NOT NULL,
    temp_bytes      UBIGINT NOT NULL,
    journal_bytes   UBIGINT NOT NULL,
    sealed_bytes    UBIGINT NOT NULL,
    replays_bytes   UBIGINT NOT NULL,
    backups_bytes   UBIGINT NOT NULL,    -- 0 where none are scheduled
    backups_here    BOOLEAN NOT NULL,    -- whether backups are on the same disk
    disk_free_bytes UBIGINT NOT NULL,
    disk_bytes      UBIGINT NOT NULL
);
