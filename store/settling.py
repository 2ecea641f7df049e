"""What is settled of a day's sessions before their detail goes: levels, and counts by hour.

Both work on `sealing_sessions`, a temporary table of the transaction that seals or retires a day.
"""

from datetime import date, timedelta

import duckdb

from store.snapshot import Snapshot

_SETTLE = """
CREATE OR REPLACE TEMPORARY TABLE sealing_sessions AS
WITH here AS (
    SELECT session, bool_and(server) AS server
    FROM events WHERE site = $site AND day = $day GROUP BY session
),
settled AS (
    SELECT session, arg_min(level, first_time) AS level
    FROM read_parquet($files, hive_partitioning = true, union_by_name = true,
                      hive_types = {'site': 'VARCHAR', 'day': 'DATE'})
    WHERE level IS NOT NULL AND session IN (SELECT session FROM here)
    GROUP BY session
),
declared AS (
    SELECT session, arg_min(level, (time, batch, position)) AS level
    FROM events
    WHERE site = $site AND level IS NOT NULL AND session IN (SELECT session FROM here)
    GROUP BY session
)
SELECT session, coalesce(settled.level, declared.level) AS level, server
FROM here LEFT JOIN settled USING (session) LEFT JOIN declared USING (session)
"""

_COUNT_HOURS = """
INSERT INTO hourly_counts BY NAME
SELECT
    site,
    day,
    date_trunc('hour', time) AS hour,
    kind,
    CASE WHEN kind = 'view' THEN page END AS page,
    CASE WHEN kind IN ('event', 'error') THEN name END AS name,
    coalesce(sealing_sessions.level, 'undeclared') AS level,
    count(*) AS count,
    sum(value) AS value,
    currency,
    generated
FROM events JOIN sealing_sessions USING (session)
WHERE site = $site AND day = $day AND NOT bot
GROUP BY ALL
"""


_COUNT_ACTIVE = """
INSERT INTO active_hours BY NAME FROM active_between($site, $day::DATE, $day::DATE)
"""


def settle_sessions(
    cursor: duckdb.DuckDBPyConnection, snapshot: Snapshot, site: str, day: date
) -> int:
    """Fill `sealing_sessions` with the sessions of a day's hot rows and their level; count them.

    A level already settled, in the sealed summaries of that day or the one before it, stays; else
    it is the first one declared in the session's hot rows of all days; NULL when none is.
    """
    files = snapshot.summary_files([site], day - timedelta(days=1), day)
    cursor.execute(_SETTLE, {"site": site, "day": day, "files": files})
    return count_of(cursor.execute("SELECT count(*) FROM sealing_sessions"))


def people_sessions(cursor: duckdb.DuckDBPyConnection) -> int:
    """How many of the sessions settled are people's, and not only a server's events."""
    return count_of(
        cursor.execute("SELECT count(*) FROM sealing_sessions WHERE server IS NOT TRUE")
    )


def count_hours(cursor: duckdb.DuckDBPyConnection, site: str, day: date) -> None:
    """Add the day's hot rows, of all sessions settled, to `hourly_counts` and `active_hours`."""
    of_day = {"site": site, "day": day}
    cursor.execute(_COUNT_HOURS, of_day)
    cursor.execute(_COUNT_ACTIVE, of_day)


def count_of(answer: duckdb.DuckDBPyConnection) -> int:
    """The one number a statement answers: rows counted, copied or deleted."""
    row = answer.fetchone()
    return int(row[0]) if row else 0
