-- The first schema. All times are UTC. Times are TIMESTAMP with microseconds; durations are in ms.
-- Numbered, forward only, never edited once released: the loader records it in its own transaction.

CREATE TABLE cursors (               -- how far each journal segment has been loaded
    segment  VARCHAR PRIMARY KEY,
    position UBIGINT NOT NULL,       -- the byte after the last frame loaded
    loaded_at TIMESTAMP NOT NULL
);

CREATE TABLE batches (               -- identities of the last days' batches, to drop repeats
    session  UUID NOT NULL,
    batch    UBIGINT NOT NULL,
    received TIMESTAMP NOT NULL
);

CREATE TABLE events (                -- hot: every event of the last days, in full
    site        VARCHAR NOT NULL,
    day         DATE NOT NULL,       -- of `time`, UTC
    bucket      UINTEGER NOT NULL,   -- last 8 hex digits of the session id
    session     UUID NOT NULL,
    batch       UBIGINT NOT NULL,    -- page load << 20 | number
    position    USMALLINT NOT NULL,
    time        TIMESTAMP NOT NULL,  -- corrected
    client_time TIMESTAMP NOT NULL,
    received    TIMESTAMP NOT NULL,
    kind        VARCHAR NOT NULL,    -- rum.records.EventKind
    view        UINTEGER NOT NULL,   -- of its page load: a view is (session, batch >> 20, view)
    page        VARCHAR NOT NULL,    -- template or given name
    path        VARCHAR,
    name        VARCHAR,
    message     VARCHAR,
    stack       VARCHAR,
    value       DOUBLE,
    currency    VARCHAR,
    attributes  MAP(VARCHAR, VARCHAR),
    lcp_ms      FLOAT,
    inp_ms      FLOAT,
    cls         FLOAT,
    fcp_ms      FLOAT,
    ttfb_ms     FLOAT,
    level       VARCHAR,             -- as declared in the batch; NULL while undeclared
    user_key    VARCHAR,             -- keyed hash
    environment VARCHAR,
    release     VARCHAR,
    device      VARCHAR,
    browser     VARCHAR,
    os          VARCHAR,
    country     VARCHAR,
    campaign    VARCHAR,
    referrer    VARCHAR,
    segments    MAP(VARCHAR, VARCHAR),
    bot         BOOLEAN NOT NULL,
    generated   BOOLEAN NOT NULL
);

CREATE TABLE checks (                -- every result of every probe
    monitor     VARCHAR NOT NULL,
    location    VARCHAR NOT NULL,
    due         TIMESTAMP NOT NULL,
    started     TIMESTAMP NOT NULL,
    lag_ms      FLOAT NOT NULL,
    outcome     VARCHAR NOT NULL,    -- probes.outcome.Outcome
    verdict     VARCHAR NOT NULL,    -- probes.outcome.Verdict
    interval_ms UINTEGER NOT NULL,
    timeout_ms  UINTEGER NOT NULL,
    detail      VARCHAR,
    status      USMALLINT,
    address     VARCHAR,
    dns_ms      FLOAT,
    connect_ms  FLOAT,
    tls_ms      FLOAT,
    wait_ms     FLOAT,
    transfer_ms FLOAT,
    total_ms    FLOAT,
    body_bytes  UBIGINT,
    redirects   UTINYINT NOT NULL,
    generated   BOOLEAN NOT NULL
);

CREATE TABLE monitor_definitions (   -- each version of a monitor, from when it held
    monitor       VARCHAR NOT NULL,
    location      VARCHAR NOT NULL,
    from_time     TIMESTAMP NOT NULL,
    name          VARCHAR NOT NULL,
    site          VARCHAR,
    url           VARCHAR NOT NULL,
    interval_ms   UINTEGER NOT NULL,
    timeout_ms    UINTEGER NOT NULL,
    confirm_after USMALLINT NOT NULL,
    recover_after USMALLINT NOT NULL,
    paused        BOOLEAN NOT NULL,
    removed       BOOLEAN NOT NULL,
    definition    VARCHAR NOT NULL,  -- the whole monitor as JSON
    generated     BOOLEAN NOT NULL
);

CREATE TABLE refused (
    received TIMESTAMP NOT NULL,
    site     VARCHAR,
    reason   VARCHAR NOT NULL,       -- rum.records.Reason
    count    UBIGINT NOT NULL,
    detail   VARCHAR,
    part     VARCHAR,                -- the start of it, capped and masked
    origin   VARCHAR
);

CREATE TABLE hourly_counts (         -- of all sealed sessions but bots, without personal data; sum over rows
    site      VARCHAR NOT NULL,
    day       DATE NOT NULL,
    hour      TIMESTAMP NOT NULL,
    kind      VARCHAR NOT NULL,
    page      VARCHAR,               -- of views
    name      VARCHAR,               -- of events and errors
    level     VARCHAR NOT NULL,      -- the session's; 'undeclared' when none
    count     UBIGINT NOT NULL,
    value     DOUBLE,                -- their sum
    currency  VARCHAR,               -- of the value
    generated BOOLEAN NOT NULL
);

CREATE TABLE sealed_files (          -- the manifest: a file not listed here does not exist
    file           VARCHAR PRIMARY KEY,   -- relative to the sealed folder
    content        VARCHAR NOT NULL,      -- 'sample', 'rest' or 'summaries'
    site           VARCHAR NOT NULL,
    day            DATE NOT NULL,
    rows           UBIGINT NOT NULL,
    bytes          UBIGINT NOT NULL,
    sample         DOUBLE NOT NULL,       -- the site's sampling rate when sealed
    keep           DOUBLE NOT NULL,       -- the site's keeping rate when sealed
    schema_version USMALLINT NOT NULL,
    sealed_at      TIMESTAMP NOT NULL,
    dropped_at     TIMESTAMP              -- out of reports; unlinked once no reader remains
);

CREATE TABLE load_failures (         -- frames the loader could not use: kept, shown, never silent
    segment  VARCHAR NOT NULL,
    position UBIGINT NOT NULL,
    reason   VARCHAR NOT NULL,
    found_at TIMESTAMP NOT NULL
);

-- The one pattern by which every query reads events: hot rows and the sealed files of the same
-- transaction's manifest. `files` always holds at least the empty file of the schema. Sealed files
-- hold `client_time` as its distance from `time`, mostly 0: 4.7 bytes an event less.
CREATE MACRO events_in(files) AS TABLE
    SELECT * FROM events
    UNION ALL BY NAME
    SELECT * EXCLUDE (client_offset_us), time + to_microseconds(client_offset_us) AS client_time
    FROM read_parquet(files, hive_partitioning = true, union_by_name = true,
                      hive_types = {'site': 'VARCHAR', 'day': 'DATE'});

-- A session's summary of one day: kept for everyone, exact, mergeable across days.
CREATE MACRO hot_summaries() AS TABLE
    SELECT
        site, day, session,
        any_value(bucket) AS bucket,
        min(time) AS first_time,
        max(time) AS last_time,
        arg_min(level, (time, batch, position)) FILTER (level IS NOT NULL) AS level,
        arg_min(user_key, (time, batch, position)) FILTER (user_key IS NOT NULL) AS user_key,
        arg_min(device, (time, batch, position)) FILTER (device IS NOT NULL) AS device,
        arg_min(browser, (time, batch, position)) FILTER (browser IS NOT NULL) AS browser,
        arg_min(os, (time, batch, position)) FILTER (os IS NOT NULL) AS os,
        arg_min(country, (time, batch, position)) FILTER (country IS NOT NULL) AS country,
        arg_min(release, (time, batch, position)) FILTER (release IS NOT NULL) AS release,
        arg_min(environment, (time, batch, position)) FILTER (environment IS NOT NULL) AS environment,
        arg_min(page, (time, batch, position)) FILTER (kind = 'view') AS entry_page,
        arg_max(page, (time, batch, position)) FILTER (kind = 'view') AS exit_page,
        count(*) FILTER (kind = 'view') AS views,
        count(*) FILTER (kind = 'event') AS named_events,
        count(*) FILTER (kind = 'error') AS errors,
        bool_or(bot) AS bot,
        bool_or(generated) AS generated
    FROM events
    GROUP BY site, day, session;

-- Summaries with the inclusion probability of the session's detail: 1 while hot, as settled at
-- sealing afterwards.
CREATE MACRO summaries_in(files) AS TABLE
    SELECT *, 1.0::DOUBLE AS inclusion FROM hot_summaries()
    UNION ALL BY NAME
    SELECT * FROM read_parquet(files, hive_partitioning = true, union_by_name = true,
                               hive_types = {'site': 'VARCHAR', 'day': 'DATE'});
