-- Certificates that were near their end when seen, and what was told of it. Their messages stand in
-- the outbox under the same id, event "warn"; "close" takes it back where channels can.

CREATE TABLE certificate_warnings (
    id         VARCHAR PRIMARY KEY,      -- certificate:monitor@expiry
    monitor    VARCHAR NOT NULL,
    expires    TIMESTAMP NOT NULL,
    issuer     VARCHAR NOT NULL,
    problem    VARCHAR NOT NULL,         -- what was wrong with it when last told of; mostly nothing
    threshold  UTINYINT NOT NULL,        -- the least days it was told at; 0: that it has expired
    closed_at  TIMESTAMP                 -- when it had been replaced, or its monitor was gone
);
