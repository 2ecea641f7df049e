-- What the hourly checks of each site's sample found: those that failed, and the latest ones.

CREATE TABLE sample_checks (
    site      VARCHAR NOT NULL,
    until     TIMESTAMP NOT NULL,    -- the end of the stretch that was looked at
    window_h  USMALLINT NOT NULL,    -- its length
    what      VARCHAR NOT NULL,      -- analytics.skew.What
    of_all    UBIGINT NOT NULL,      -- sessions (or users), or those of them that it is about
    in_sample UBIGINT NOT NULL,
    expected  DOUBLE NOT NULL,       -- how many would be in the sample
    failed    BOOLEAN NOT NULL
);
