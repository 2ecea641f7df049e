"""Groups of errors: noticed as errors come in, resolved by hand, and back when one is met again."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
from msgspec import Struct

from store.database import Database
from store.day_counts import count_sealed
from store.deletions import Cause, note_deletion
from store.sealed_files import EMPTY_FILES
from store.settling import count_of
from store.times import naive

OVERLAP = timedelta(hours=1)
"""Looked through again: what several collectors received is not loaded in order."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_GROUPED = """
CREATE OR REPLACE TEMPORARY TABLE noticed_groups AS
WITH fresh AS (
    SELECT site, coalesce(name, '') AS name, coalesce(message, '') AS message,
        coalesce(stack, '') AS stack,
        arg_max(page, time) AS page,
        min(time) AS first_seen,
        max(time) AS last_seen,
        arg_min(coalesce(release, ''), time) AS first_release,
        arg_max(coalesce(release, ''), time) AS last_release,
        bool_and(generated) AS generated
    FROM {source}
    WHERE kind = 'error' AND NOT bot AND {condition}
    GROUP BY ALL
),
placed AS (
    SELECT stack, group_frames(frames) AS places
    FROM (SELECT stack, stack_frames(stack) AS frames FROM (SELECT DISTINCT stack FROM fresh))
)
SELECT
    site, error_fingerprint(name, message, array_to_string(places, chr(10))) AS fingerprint,
    any_value(name) AS name,
    any_value(plain_message(message)) AS message,
    coalesce(any_value(places[1]), '') AS culprit,
    arg_max(page, last_seen) AS page,
    min(first_seen) AS first_seen,
    max(last_seen) AS last_seen,
    arg_min(first_release, first_seen) AS first_release,
    arg_max(last_release, last_seen) AS last_release,
    bool_and(generated) AS generated
FROM fresh JOIN placed USING (stack)
GROUP BY site, fingerprint
"""

_NEWS = """
INSERT INTO error_news BY NAME
SELECT site, fingerprint, 'new' AS what, $now::TIMESTAMP AS noticed_at
FROM noticed_groups ANTI JOIN error_groups USING (site, fingerprint)
"""

_KEEP = """
INSERT INTO error_groups BY NAME SELECT * FROM noticed_groups
ON CONFLICT (site, fingerprint) DO UPDATE SET
    name = excluded.name, message = excluded.message, culprit = excluded.culprit,
    page = CASE WHEN excluded.last_seen >= last_seen THEN excluded.page ELSE page END,
    first_release = CASE WHEN excluded.first_seen < first_seen THEN excluded.first_release
        ELSE first_release END,
    last_release = CASE WHEN excluded.last_seen >= last_seen THEN excluded.last_release
        ELSE last_release END,
    first_seen = least(first_seen, excluded.first_seen),
    last_seen = greatest(last_seen, excluded.last_seen),
    generated = generated AND excluded.generated
"""

_RELEASES = """
INSERT INTO site_releases BY NAME
SELECT site, release, min(time) AS first_seen, max(time) AS last_seen
FROM {source}
WHERE release IS NOT NULL AND NOT bot AND {condition}
GROUP BY site, release
ON CONFLICT (site, release) DO UPDATE SET
    first_seen = least(first_seen, excluded.first_seen),
    last_seen = greatest(last_seen, excluded.last_seen)
"""

_BACK = """
WITH open AS (
    SELECT site, fingerprint, resolved_at, next_release
    FROM error_resolutions WHERE undone_at IS NULL AND regressed_at IS NULL
),
fresh AS (
    SELECT site, coalesce(name, '') AS name, coalesce(message, '') AS message,
        coalesce(stack, '') AS stack, time, release
    FROM events
    WHERE kind = 'error' AND NOT bot AND received >= $since AND site IN (SELECT site FROM open)
),
placed AS (
    SELECT stack, array_to_string(group_frames(frames), chr(10)) AS place
    FROM (SELECT stack, stack_frames(stack) AS frames FROM (SELECT DISTINCT stack FROM fresh))
),
seen AS (
    SELECT site, error_fingerprint(name, message, place) AS fingerprint, time, release
    FROM fresh JOIN placed USING (stack)
)
SELECT open.site, open.fingerprint, min(seen.time), coalesce(arg_min(seen.release, seen.time), '')
FROM open JOIN seen USING (site, fingerprint)
LEFT JOIN site_releases AS known ON known.site = seen.site AND known.release = seen.release
WHERE seen.time > open.resolved_at
    AND (NOT open.next_release OR seen.release IS NULL OR known.first_seen > open.resolved_at)
GROUP BY open.site, open.fingerprint
"""


_FORGET = """
UPDATE error_groups SET message = '', culprit = '', page = ''
WHERE site = $site AND fingerprint IN (
    WITH met AS (
        SELECT coalesce(name, '') AS name, coalesce(message, '') AS message,
            coalesce(stack, '') AS stack
        FROM (
            SELECT name, message, stack, kind, session FROM events WHERE site = $site
            UNION ALL
            SELECT name, message, stack, kind, session
            FROM read_parquet($files, hive_partitioning = false, union_by_name = true)
        )
        WHERE kind = 'error' AND session IN (SELECT unnest($sessions)::UUID)
    ),
    placed AS (
        SELECT stack, array_to_string(group_frames(frames), chr(10)) AS place
        FROM (SELECT stack, stack_frames(stack) AS frames FROM (SELECT DISTINCT stack FROM met))
    )
    SELECT error_fingerprint(name, message, place) FROM met JOIN placed USING (stack)
)
"""


class Noted(Struct, frozen=True, kw_only=True):
    """What one look found: groups never met before, groups back after they were resolved, and days
    sealed before errors were counted that have now been."""

    new: int = 0
    regressed: int = 0
    counted_days: int = 0


def note_errors(database: Database, now: datetime, *, again: bool = False) -> Noted:
    """Look through what was received since the last look. Raises duckdb.Error.

    The first look, and one `again`, take in all there is, and make no news of what is new in it.
    """
    days = _count_old_days(database)
    with database.reading() as cursor:
        ((since, until),) = cursor.execute(
            "SELECT (SELECT max(received_until) FROM error_watch),"
            " (SELECT max(received) FROM events)"
        ).fetchall()
    if again:
        since = None
    if until is None or until == since:
        return Noted(counted_days=days)
    hot = {"source": "events", "condition": "received >= $since"}
    values = {"since": since - OVERLAP if since else naive(BEGINNING)}
    with database.transaction() as cursor:
        cursor.execute(_RELEASES.format(**hot), values)
        cursor.execute(_GROUPED.format(**hot), values)
        new = 0
        if since is not None:
            new = count_of(cursor.execute(_NEWS, {"now": naive(now)}))
        cursor.execute(_KEEP)
        cursor.execute("DROP TABLE noticed_groups")
        regressed = _note_back(cursor, values, now)
        cursor.execute("DELETE FROM error_watch")
        cursor.execute("INSERT INTO error_watch VALUES ($until)", {"until": until})
    return Noted(new=new, regressed=regressed, counted_days=days)


def resolve(
    database: Database, site: str, fingerprint: str, now: datetime, *, next_release: bool = False
) -> bool:
    """Say that a group is resolved: with `next_release` by the one to come, so that releases out
    by now may still meet it. False when there is no such group."""
    with database.transaction() as cursor:
        if not _known(cursor, site, fingerprint):
            return False
        _undo(cursor, site, fingerprint, now)
        cursor.execute(
            "INSERT INTO error_resolutions BY NAME SELECT $site AS site,"
            " $fingerprint AS fingerprint, $now::TIMESTAMP AS resolved_at,"
            " $next_release AS next_release",
            {**_key(site, fingerprint), "now": naive(now), "next_release": next_release},
        )
    return True


def unresolve(database: Database, site: str, fingerprint: str, now: datetime) -> bool:
    """Take it back. False when there is no such group."""
    with database.transaction() as cursor:
        _undo(cursor, site, fingerprint, now)
        return _known(cursor, site, fingerprint)


def forget_texts(
    cursor: duckdb.DuckDBPyConnection, site: str, sessions: Sequence[str], files: Sequence[str]
) -> int:
    """Empty the texts of the groups that sessions met, before these are erased; whoever meets one
    next brings them back. `files` are the site's sealed detail, by path. Returns how many."""
    return count_of(
        cursor.execute(_FORGET, {"site": site, "sessions": list(sessions), "files": list(files)})
    )


def retire_groups(
    cursor: duckdb.DuckDBPyConnection, personal: datetime, aggregates: date, now: datetime
) -> int:
    """Empty the texts of groups whose detail has gone, which they came from; remove those that
    nobody met since `aggregates`, and count them."""
    emptied = cursor.execute(
        "UPDATE error_groups SET message = '', culprit = '', page = ''"
        " WHERE last_seen < $personal AND (message <> '' OR culprit <> '' OR page <> '')",
        {"personal": personal},
    )
    note_deletion(cursor, Cause.RETIRED, count_of(emptied), now)
    old = {"before": aggregates}
    gone = count_of(cursor.execute("DELETE FROM error_groups WHERE last_seen < $before", old))
    cursor.execute("DELETE FROM error_resolutions WHERE resolved_at < $before", old)
    cursor.execute("DELETE FROM error_news WHERE noticed_at < $before", old)
    cursor.execute("DELETE FROM site_releases WHERE last_seen < $before", old)
    return gone


def _note_back(cursor: duckdb.DuckDBPyConnection, since: dict[str, datetime], now: datetime) -> int:
    if not count_of(
        cursor.execute(
            "SELECT count(*) FROM error_resolutions"
            " WHERE undone_at IS NULL AND regressed_at IS NULL"
        )
    ):
        return 0
    back = cursor.execute(_BACK, since).fetchall()
    for site, fingerprint, time, release in back:
        key = _key(site, fingerprint)
        cursor.execute(
            "UPDATE error_resolutions SET regressed_at = $time, regressed_release = $release"
            " WHERE site = $site AND fingerprint = $fingerprint"
            " AND undone_at IS NULL AND regressed_at IS NULL",
            {**key, "time": time, "release": release},
        )
        cursor.execute(
            "INSERT INTO error_news VALUES ($site, $fingerprint, 'regressed', $now, NULL, NULL)",
            {**key, "now": naive(now)},
        )
    return len(back)


def _count_old_days(database: Database) -> int:
    """Days sealed before errors and vitals were counted, each in a transaction of its own."""
    with database.reading() as cursor:
        days = cursor.execute(
            "SELECT site, day, min(keep), list(file) FROM uncounted_files"
            " WHERE file IN (SELECT file FROM sealed_files) GROUP BY site, day ORDER BY day, site"
        ).fetchall()
    for site, day, keep, files in days:
        paths = [str(database.sealed / file) for file in (EMPTY_FILES["detail"], *files)]
        source = {
            "source": "read_parquet($files, hive_partitioning = true, union_by_name = true,"
            " hive_types = {'site': 'VARCHAR', 'day': 'DATE'})",
            "condition": "true",
        }
        with database.files_lock, database.transaction() as cursor:
            count_sealed(cursor, site, day, paths, keep)
            cursor.execute(_RELEASES.format(**source), {"files": paths})
            cursor.execute(_GROUPED.format(**source), {"files": paths})
            cursor.execute(_KEEP)
            cursor.execute("DROP TABLE noticed_groups")
            cursor.execute(
                "DELETE FROM uncounted_files WHERE site = $site AND day = $day",
                {"site": site, "day": day},
            )
    return len(days)


def _known(cursor: duckdb.DuckDBPyConnection, site: str, fingerprint: str) -> bool:
    return bool(
        count_of(
            cursor.execute(
                "SELECT count(*) FROM error_groups"
                " WHERE site = $site AND fingerprint = $fingerprint",
                _key(site, fingerprint),
            )
        )
    )


def _undo(cursor: duckdb.DuckDBPyConnection, site: str, fingerprint: str, now: datetime) -> None:
    cursor.execute(
        "UPDATE error_resolutions SET undone_at = $now"
        " WHERE site = $site AND fingerprint = $fingerprint AND undone_at IS NULL",
        {**_key(site, fingerprint), "now": naive(now)},
    )


def _key(site: str, fingerprint: str) -> dict[str, Any]:
    return {"site": site, "fingerprint": fingerprint}
