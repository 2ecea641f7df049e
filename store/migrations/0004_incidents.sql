-- Incidents as they were noticed, and the messages they owe. An incident's row keeps the id it was
-- told by, whatever later results do to its edges. A message leaves the outbox only as "sent" after
-- its receiver took it, or as "failed" or "dropped", with the reason.

CREATE TABLE incidents (
    id            VARCHAR PRIMARY KEY,   -- monitor@start, as first noticed
    monitor       VARCHAR NOT NULL,
    start_time    TIMESTAMP NOT NULL,
    end_time      TIMESTAMP,             -- NULL while it lasts
    edge_s        DOUBLE NOT NULL,       -- how uncertain each edge is
    confirmed_at  TIMESTAMP NOT NULL,
    outcome       VARCHAR NOT NULL,      -- probes.outcome.Outcome of the first failing check
    detail        VARCHAR NOT NULL,
    locations     VARCHAR NOT NULL,      -- where it was seen from, comma between
    failed_checks UBIGINT NOT NULL,
    down_s        DOUBLE NOT NULL,       -- seen down
    held_back     BOOLEAN NOT NULL,      -- under a parent that is down: nobody is told
    withdrawn     BOOLEAN NOT NULL,      -- later results or rules say it was none
    noticed_at    TIMESTAMP NOT NULL
);

CREATE TABLE outbox (
    key        VARCHAR PRIMARY KEY,      -- incident/channel/event: the same at every attempt
    incident   VARCHAR NOT NULL,
    channel    VARCHAR NOT NULL,
    event      VARCHAR NOT NULL,         -- open or close
    state      VARCHAR NOT NULL,         -- due, sending, sent, failed, dropped
    attempts   UINTEGER NOT NULL,
    next_try   TIMESTAMP NOT NULL,
    created_at TIMESTAMP NOT NULL,
    sent_at    TIMESTAMP,
    error      VARCHAR NOT NULL          -- of the latest attempt, secrets masked
);

CREATE TABLE alerting_since (            -- one row: outages that ended before it are told to nobody
    since TIMESTAMP NOT NULL
);
