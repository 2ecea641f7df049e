-- Chunks of recordings; the chunks themselves are files below replays/, by site, day and session.

CREATE TABLE replays (
    site       VARCHAR NOT NULL,
    day        DATE NOT NULL,        -- of `start_time`, UTC; in the file's path
    session    UUID NOT NULL,
    load       UINTEGER NOT NULL,    -- the page load's 32 random bits
    number     UINTEGER NOT NULL,    -- within the load
    bytes      UINTEGER NOT NULL,    -- of the file
    events     UINTEGER NOT NULL,
    start_time TIMESTAMP NOT NULL,   -- corrected, of its first and last event
    end_time   TIMESTAMP NOT NULL,
    skew_us    BIGINT NOT NULL,      -- what was added to the browser's clock
    reason     VARCHAR NOT NULL,     -- rum.records.ReplayReason
    received   TIMESTAMP NOT NULL,
    PRIMARY KEY (session, load, number)
);
