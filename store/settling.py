"""What is settled of a day's sessions before their detail goes: levels, the share of such sessions
that is kept, and counts by hour.

All work on `sealing_sessions`, a temporary table of the transaction that seals or retires a day.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Literal

import duckdb

from store.snapshot import Snapshot

Unit = Literal["session", "user"]
"""What a site's sample is of."""

_SETTLE = """
CREATE OR REPLACE TEMPORARY TABLE sealing_sessions AS
WITH here AS (
    SELECT session, bool_and(server) AS server, bool_or(bot) AS of_bot
    FROM events WHERE site = $site AND day = $day GROUP BY session
),
settled AS (
    SELECT
        session,
        arg_min(level, first_time) FILTER (level IS NOT NULL) AS level,
        arg_min(bucket, first_time) AS bucket,
        min(inclusion) AS inclusion
    FROM sealed_summaries($files)
    WHERE session IN (SELECT session FROM here)
    GROUP BY session
),
hot AS (
    SELECT
        session,
        any_value(bucket) AS bucket,
        arg_min(level, (time, batch, position)) FILTER (level IS NOT NULL) AS level,
        arg_min(user_bucket, (time, batch, position)) FILTER (user_bucket IS NOT NULL)
            AS user_bucket,
        bool_or(kind = 'error') AS failed
    FROM events
    WHERE site = $site AND session IN (SELECT session FROM here)
    GROUP BY session
)
SELECT session, coalesce(settled.level, hot.level) AS level, server, of_bot, failed,
    CASE WHEN $unit = 'user' THEN coalesce(settled.bucket, hot.user_bucket, hot.bucket)
        ELSE hot.bucket END AS bucket,
    settled.inclusion AS settled_inclusion
FROM here LEFT JOIN settled USING (session) JOIN hot USING (session)
"""

_SETTLE_INCLUSION = """
CREATE OR REPLACE TEMPORARY TABLE sealing_sessions AS
SELECT sealing_sessions.*,
    greatest(
        $keep::DOUBLE,
        CASE
            WHEN settled_inclusion IS NOT NULL THEN settled_inclusion
            WHEN NOT of_bot THEN greatest(rate, CASE WHEN failed THEN $errors::DOUBLE END)
        END
    ) AS inclusion
FROM sealing_sessions
LEFT JOIN (SELECT unnest($levels::VARCHAR[]) AS of_level, unnest($rates::DOUBLE[]) AS rate)
    ON of_level = coalesce(level, 'undeclared')
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

ATTRIBUTE_VALUES_MAX = 50
"""Of one attribute of one event in a day; the others are counted together."""

_COUNT_ATTRIBUTES = """
INSERT INTO hourly_attributes BY NAME
WITH told AS (
    SELECT site, day, time, name, value, generated, unnest(map_entries(attributes)) AS pair
    FROM events JOIN sealing_sessions USING (session)
    WHERE site = $site AND day = $day AND NOT bot AND kind = 'event' AND name IS NOT NULL
        AND attributes IS NOT NULL
),
counted AS (SELECT * FROM told WHERE list_contains($attributes, pair.key)),
frequent AS (
    SELECT name, pair FROM counted GROUP BY name, pair
    QUALIFY row_number() OVER (
        PARTITION BY name, pair.key ORDER BY count(*) DESC, pair.value
    ) <= $most
)
SELECT
    site, day, date_trunc('hour', time) AS hour, name, pair.key AS attribute,
    CASE WHEN (name, pair) IN (SELECT (name, pair) FROM frequent) THEN pair.value ELSE 'other' END
        AS told,
    count(*) AS count, sum(value) AS value, generated
FROM counted
GROUP BY ALL
"""


def settle_sessions(
    cursor: duckdb.DuckDBPyConnection,
    snapshot: Snapshot,
    site: str,
    day: date,
    unit: Unit = "session",
) -> int:
    """Fill `sealing_sessions` with the sessions of a day's hot rows, their level and their bucket;
    count them.

    A level already settled, in the sealed summaries of that day or the one before it, stays; else
    it is the first one declared in the session's hot rows of all days; NULL when none is. So with
    the bucket of a sample of users: its first user's, the session's own when none is.
    """
    files = snapshot.summary_files([site], day - timedelta(days=1), day)
    cursor.execute(_SETTLE, {"site": site, "day": day, "files": files, "unit": unit})
    return count_of(cursor.execute("SELECT count(*) FROM sealing_sessions"))


def people_sessions(cursor: duckdb.DuckDBPyConnection) -> int:
    """How many of the sessions settled are people's, and not only a server's events."""
    return count_of(
        cursor.execute("SELECT count(*) FROM sealing_sessions WHERE server IS NOT TRUE")
    )


def settle_inclusion(
    cursor: duckdb.DuckDBPyConnection,
    keep: float,
    by_level: Mapping[str, float],
    errors: float | None,
) -> float:
    """Add to each session settled the probability with which one such is kept; returns the highest.

    That is the largest that applies: `keep`, which everybody has; of people its level's, and
    `errors` where it had one; but what was settled for its earlier rows stays, or it would be read
    in part.
    """
    cursor.execute(
        _SETTLE_INCLUSION,
        {
            "keep": keep,
            "levels": list(by_level),
            "rates": list(by_level.values()),
            "errors": errors,
        },
    )
    row = cursor.execute("SELECT max(inclusion) FROM sealing_sessions").fetchone()
    return float(row[0]) if row else keep


def count_hours(
    cursor: duckdb.DuckDBPyConnection, site: str, day: date, attributes: Sequence[str] = ()
) -> None:
    """Add the day's hot rows, of all sessions settled, to `hourly_counts` and `active_hours`; of
    events that say one of the `attributes`, to `hourly_attributes` too."""
    of_day = {"site": site, "day": day}
    cursor.execute(_COUNT_HOURS, of_day)
    cursor.execute(_COUNT_ACTIVE, of_day)
    if attributes:
        counted = {"attributes": list(attributes), "most": ATTRIBUTE_VALUES_MAX}
        cursor.execute(_COUNT_ATTRIBUTES, {**of_day, **counted})


def count_of(answer: duckdb.DuckDBPyConnection) -> int:
    """The one number a statement answers: rows counted, copied or deleted."""
    row = answer.fetchone()
    return int(row[0]) if row else 0
