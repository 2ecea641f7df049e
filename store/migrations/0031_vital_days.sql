-- Web vitals by day as histograms that can be added up, kept when the single views have gone.

CREATE TABLE vital_days (            -- of all sealed sessions but bots, without personal data
    site      VARCHAR NOT NULL,
    day       DATE NOT NULL,
    page      VARCHAR NOT NULL,
    level     VARCHAR NOT NULL,      -- the session's; 'undeclared' when none
    device    VARCHAR NOT NULL,      -- "" where it could not be told
    vital     VARCHAR NOT NULL,      -- lcp, inp, fcp, ttfb in ms; cls in thousandths
    views     UBIGINT NOT NULL,      -- each with the latest it sent
    sessions  UBIGINT NOT NULL,
    buckets   MAP(SMALLINT, UBIGINT) NOT NULL,  -- views by latency_bucket
    counted   DOUBLE NOT NULL,       -- the share of sessions they are of: 1, but for days sealed before
    generated BOOLEAN NOT NULL
);
