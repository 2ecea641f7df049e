-- Finished days of checks as aggregates, kept when the single results have gone. All of it can be
-- computed again from the results, and gives the same.

CREATE TABLE check_days (             -- a day listed here is read from its aggregates
    day            DATE NOT NULL,
    checks         UBIGINT NOT NULL,  -- results it was made from; another number now: late ones came
    closed_at      TIMESTAMP NOT NULL,
    raw_dropped_at TIMESTAMP          -- since when its single results are gone
);

CREATE TABLE check_runs (             -- results in a row of one verdict: a timeline's whole input
    day         DATE NOT NULL,
    monitor     VARCHAR NOT NULL,
    location    VARCHAR NOT NULL,
    verdict     VARCHAR NOT NULL,
    first_due   TIMESTAMP NOT NULL,
    last_due    TIMESTAMP NOT NULL,
    count       UINTEGER NOT NULL,
    interval_ms UINTEGER NOT NULL,
    timeout_ms  UINTEGER NOT NULL,
    outcome     VARCHAR NOT NULL,     -- of the first
    detail      VARCHAR,
    generated   BOOLEAN NOT NULL
);

CREATE TABLE check_hours (            -- latency of passing checks as histograms that can be added up
    day       DATE NOT NULL,
    hour      TIMESTAMP NOT NULL,
    monitor   VARCHAR NOT NULL,
    location  VARCHAR NOT NULL,
    checks    UINTEGER NOT NULL,      -- those that say something of their target
    failed    UINTEGER NOT NULL,
    outcomes  MAP(VARCHAR, UBIGINT) NOT NULL,  -- of all
    dns       MAP(SMALLINT, UBIGINT),  -- how many by latency_bucket, NULL where there was none
    connect   MAP(SMALLINT, UBIGINT),
    tls       MAP(SMALLINT, UBIGINT),
    wait      MAP(SMALLINT, UBIGINT),
    transfer  MAP(SMALLINT, UBIGINT),
    total     MAP(SMALLINT, UBIGINT),
    generated BOOLEAN NOT NULL
);

-- Buckets of equal ratio, 4 % wide: the middle of one is within 2 % of whatever is in it.
CREATE MACRO latency_bucket(ms) AS ceil(ln(greatest(ms, 0.001)::DOUBLE) / ln(1.04))::SMALLINT;
CREATE MACRO bucket_latency(bucket) AS 2 * pow(1.04, bucket) / 2.04;

-- Results of checks compacted into runs: same monitor, location and verdict, none further from the
-- one before than two intervals and the timeout. A result that says nothing of its target is in no
-- run. The first nine of a run of bad results stand alone, and so does a retry, so that a
-- confirmation can be dated exactly: those left in one come evenly. One window over all results;
-- the second, over their first rows only, gives each run its end. `skip_closed` leaves out what is
-- in check_runs already.
CREATE MACRO check_runs_between(since, until, monitors, skip_closed) AS TABLE
    WITH results AS (
        SELECT monitor, location, due, started, verdict, interval_ms, timeout_ms, outcome, detail,
            generated
        FROM checks
        WHERE verdict <> 'unknown' AND due >= since AND due <= until
            AND (monitors IS NULL OR list_contains(monitors, monitor))
            AND NOT (skip_closed AND due::DATE IN (SELECT day FROM check_days))
    ),
    told AS (
        SELECT
            monitor, location, due, verdict, interval_ms, timeout_ms, outcome, detail, generated,
            row_number() OVER ordered AS number,
            lag(due) OVER ordered AS due_before,
            lag(verdict) OVER ordered AS verdict_before,
            lag(verdict, 9) OVER ordered AS verdict_nine_before,
            lag(interval_ms) OVER ordered AS interval_before,
            lag(timeout_ms) OVER ordered AS timeout_before
        FROM results
        WINDOW ordered AS (PARTITION BY monitor, location ORDER BY due, started)
    ),
    ends AS (
        SELECT monitor, location, max(due) AS last_due, count(*) AS results
        FROM results
        GROUP BY monitor, location
    ),
    firsts AS (
        SELECT * FROM told
        WHERE due_before IS NULL
            OR verdict <> verdict_before
            OR verdict = 'bad' AND verdict_nine_before IS DISTINCT FROM 'bad'
            OR verdict = 'bad' AND due < due_before + to_milliseconds(9 * interval_before // 10)
            OR interval_ms <> interval_before
            OR timeout_ms <> timeout_before
            OR due > due_before + to_milliseconds(2 * interval_before + timeout_before)
    )
    SELECT
        monitor, location, verdict,
        due AS first_due,
        coalesce(lead(due_before) OVER runs, last_due) AS last_due,
        (coalesce(lead(number) OVER runs, results + 1) - number)::UINTEGER AS count,
        interval_ms, timeout_ms, outcome, detail, generated
    FROM firsts
    JOIN ends USING (monitor, location)
    WINDOW runs AS (PARTITION BY monitor, location ORDER BY number);
