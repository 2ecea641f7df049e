-- The rewriting of the database file: a deleted value stays readable in a DuckDB file until then.

CREATE TABLE deletions (             -- what was deleted since the file was last rewritten
    deleted_at TIMESTAMP NOT NULL,
    cause      VARCHAR NOT NULL,     -- store.rewriting.Cause
    rows       UBIGINT NOT NULL
);

CREATE TABLE rewritings (            -- one row a rewriting, the last 100
    rewritten_at TIMESTAMP NOT NULL,
    deleted_rows UBIGINT NOT NULL,
    bytes_before UBIGINT NOT NULL,
    bytes_after  UBIGINT NOT NULL,
    paused_ms    DOUBLE NOT NULL     -- how long loading waited
);
