"""Closing days of checks: aggregates that tell a day's states, incidents and latency without its
single results.

A closed day is read from its aggregates; when results of it come late it is computed again, and
the same results always give the same aggregates. Once its results are gone it stays as it is.
"""

from datetime import date, datetime, timedelta

import duckdb

from store.database import Database
from store.settling import count_of
from store.times import naive

CLOSED_AFTER = timedelta(minutes=15)
"""From the end of a day to its closing: the last of its results are loaded by then."""

_RUNS = """
INSERT INTO check_runs BY NAME
SELECT $day AS day, * FROM check_runs_between($start, $last, NULL, false)
"""

_HOURS = """
INSERT INTO check_hours BY NAME
SELECT
    $day AS day,
    date_trunc('hour', due) AS hour,
    monitor,
    location,
    (count(*) FILTER (verdict <> 'unknown'))::UINTEGER AS checks,
    (count(*) FILTER (verdict = 'bad'))::UINTEGER AS failed,
    histogram(outcome) AS outcomes,
    histogram(latency_bucket(dns_ms)) FILTER (passed AND dns_ms IS NOT NULL) AS dns,
    histogram(latency_bucket(connect_ms)) FILTER (passed AND connect_ms IS NOT NULL) AS connect,
    histogram(latency_bucket(tls_ms)) FILTER (passed AND tls_ms IS NOT NULL) AS tls,
    histogram(latency_bucket(wait_ms)) FILTER (passed AND wait_ms IS NOT NULL) AS wait,
    histogram(latency_bucket(transfer_ms)) FILTER (passed AND transfer_ms IS NOT NULL) AS transfer,
    histogram(latency_bucket(total_ms)) FILTER (passed AND total_ms IS NOT NULL) AS total,
    bool_or(generated) AS generated
FROM (
    SELECT *, verdict IN ('good', 'degraded') AS passed FROM checks
    WHERE due >= $start AND due <= $last
)
GROUP BY hour, monitor, location
ORDER BY monitor, location, hour
"""

_DAY = """
INSERT INTO check_days BY NAME
SELECT $day AS day, count(*) AS checks, $now AS closed_at
FROM checks WHERE due >= $start AND due <= $last
"""

_UNCLOSED = """
SELECT day FROM (
    SELECT due::DATE AS day, count(*) AS checks FROM checks WHERE due < $before GROUP BY day
) AS raw
LEFT JOIN check_days AS closed USING (day)
WHERE closed.checks IS NULL
    OR closed.raw_dropped_at IS NULL AND closed.checks <> raw.checks
ORDER BY day
"""

# Late results of a day whose results were dropped are in no aggregate, and go too.
_DROP_RAW = """
DELETE FROM checks WHERE due < $before AND due::DATE IN (
    SELECT day FROM (
        SELECT due::DATE AS day, count(*) AS checks FROM checks WHERE due < $before GROUP BY day
    ) AS raw
    JOIN check_days AS closed USING (day)
    WHERE closed.raw_dropped_at IS NOT NULL OR closed.checks = raw.checks
)
"""

_NOTE_DROPPED = """
UPDATE check_days SET raw_dropped_at = $now
WHERE day < $before AND raw_dropped_at IS NULL
    AND NOT EXISTS (FROM checks WHERE due >= day AND due < day + INTERVAL 1 DAY)
"""


def unclosed_days(database: Database, now: datetime) -> list[date]:
    """The finished UTC days with results not yet, or no longer rightly, in the aggregates."""
    before = naive(now - CLOSED_AFTER).date()
    with database.reading() as cursor:
        rows = cursor.execute(_UNCLOSED, {"before": before}).fetchall()
    return [day for (day,) in rows]


def close_day(database: Database, day: date, now: datetime) -> None:
    """Compute a day's aggregates from its results, in place of any it has. Raises duckdb.Error."""
    start = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - as DuckDB keeps it
    span = {"day": day, "start": start, "last": start + timedelta(days=1, microseconds=-1)}
    with database.files_lock, database.transaction() as cursor:
        for table in ("check_runs", "check_hours", "check_days"):
            cursor.execute(f"DELETE FROM {table} WHERE day = $day", {"day": day})  # noqa: S608
        cursor.execute(_RUNS, span)
        cursor.execute(_HOURS, span)
        cursor.execute(_DAY, {**span, "now": naive(now)})


def drop_raw_checks(cursor: duckdb.DuckDBPyConnection, before: date, now: datetime) -> int:
    """Delete the single results of closed days before `before`; those of a day that is not closed,
    or was closed without some of them, stay. Returns how many went."""
    dropped = count_of(cursor.execute(_DROP_RAW, {"before": before}))
    cursor.execute(_NOTE_DROPPED, {"before": before, "now": naive(now)})
    return dropped


def drop_check_days(cursor: duckdb.DuckDBPyConnection, before: date) -> int:
    """Delete the aggregates of days before `before`; returns how many days went."""
    for table in ("check_runs", "check_hours"):
        cursor.execute(f"DELETE FROM {table} WHERE day < $before", {"before": before})  # noqa: S608
    return count_of(
        cursor.execute("DELETE FROM check_days WHERE day < $before", {"before": before})
    )
