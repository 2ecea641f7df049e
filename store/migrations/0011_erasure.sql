-- Erasures on request, and deletions by term: what the monthly attestation is made of. Neither holds
-- a session id or a user key: `digest` is the tombstone's keyed hash.

CREATE TABLE erasures (
    receipt     VARCHAR PRIMARY KEY,
    site        VARCHAR NOT NULL,
    subject     VARCHAR NOT NULL,    -- store.tombstones.Subject
    digest      VARCHAR NOT NULL,
    asked_at    TIMESTAMP NOT NULL,
    finished_at TIMESTAMP NOT NULL,
    sessions    UBIGINT NOT NULL,
    events      UBIGINT NOT NULL,    -- rows, hot and sealed
    summaries   UBIGINT NOT NULL,
    files       UBIGINT NOT NULL,    -- sealed files rewritten
    replays     UBIGINT NOT NULL,    -- chunks of recordings
    frames      UBIGINT NOT NULL,    -- of the journal
    refused     UBIGINT NOT NULL,
    scanned_files UBIGINT NOT NULL,  -- read byte by byte at the end, without a trace found
    scanned_bytes UBIGINT NOT NULL
);

CREATE TABLE retirements (           -- what retention removed because its term was over
    retired_at TIMESTAMP NOT NULL,
    what    VARCHAR NOT NULL,
    before  DATE NOT NULL,           -- nothing from before this day is left of it
    count   UBIGINT NOT NULL         -- rows, or files
);
