-- Probers elsewhere, and jobs that call.

CREATE TABLE deliveries (            -- what of each location's spool is stored, as stretches of bytes
    location    VARCHAR NOT NULL,
    spool       VARCHAR NOT NULL,    -- one segment of it
    from_byte   UBIGINT NOT NULL,    -- the first record stored ends after it
    to_byte     UBIGINT NOT NULL,    -- the last record stored ends at it
    last_result TIMESTAMP,           -- the newest check in it, by our clock
    received    TIMESTAMP NOT NULL,  -- when the last of it came
    clock_offset_us BIGINT           -- how far the location's clock was behind ours then
);

CREATE TABLE pings (                 -- calls of jobs to heartbeat monitors
    monitor  VARCHAR NOT NULL,
    call     VARCHAR NOT NULL,       -- probes.heartbeat.Call
    received TIMESTAMP NOT NULL
);

CREATE TABLE presence (              -- when a collector was there to take calls
    process VARCHAR NOT NULL,
    since   TIMESTAMP NOT NULL,
    until   TIMESTAMP NOT NULL,
    PRIMARY KEY (process, since)
);

ALTER TABLE checks ADD COLUMN clock_shift_ms DOUBLE;  -- added to its times: its location's clock was off
