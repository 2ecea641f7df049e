"""Retention: what is past its term leaves the reports at once, and the disk with its last reader.

The term of a day begins when the day ends: a day is kept while it is among the last
`retention_days` whole days. Generated records obey it like any others.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import duckdb
from msgspec import Struct

from store.check_days import drop_check_days, drop_raw_checks
from store.database import Database
from store.day_counts import count_day
from store.deletions import Cause, note_deletion
from store.error_groups import retire_groups
from store.replays import retire_replays
from store.settling import count_of, settle_sessions
from store.snapshot import Snapshot
from store.times import naive


class RetentionLimits(Struct, frozen=True, kw_only=True):
    """How long each kind is kept. `retention_days` is for all that may hold personal data."""

    retention_days: int = 30
    checks_raw_days: int = 30
    """Single results of checks, of days that are closed."""
    checks_retention_days: int = 400
    aggregates_retention_months: int = 25


class Retired(Struct, frozen=True, kw_only=True):
    """What one run did. `files_waiting` are out of reports, but may still be open in one."""

    files_dropped: int = 0
    files_unlinked: int = 0
    files_waiting: int = 0
    hot_events: int = 0
    """Rows past the term that were never sealed; they are in the hourly counts."""
    refused: int = 0
    checks: int = 0
    check_days: int = 0
    """Days of checks whose aggregates went."""
    definitions: int = 0
    load_failures: int = 0
    messages: int = 0
    """Of the outbox, sent or given up."""
    deliveries: int = 0
    presence: int = 0
    retirements: int = 0
    hourly_counts: int = 0
    funnel_days: int = 0
    active_hours: int = 0
    error_counts: int = 0
    error_groups: int = 0
    """Groups that nobody met for as long as counts are kept."""
    vital_days: int = 0
    hourly_attributes: int = 0
    replays: int = 0
    """Chunks of recordings."""


def retire(database: Database, now: datetime, limits: RetentionLimits) -> Retired:
    """Drop what is past its term, and unlink dropped files that no reader can have left.

    Raises duckdb.Error and OSError; what was dropped until then stays so, and the next run goes on.
    """
    first_kept = naive(now).date() - timedelta(days=limits.retention_days)
    with database.files_lock:
        replays, _ = retire_replays(database, first_kept)
        with database.transaction() as cursor:
            hot_events = _drop_hot(cursor, database, first_kept)
            files_dropped = count_of(
                cursor.execute(
                    "UPDATE sealed_files SET dropped_at = $now"
                    " WHERE dropped_at IS NULL AND day < $first_kept",
                    {"now": naive(now), "first_kept": first_kept},
                )
            )
            counts = _delete_old(cursor, now, limits)
            note_deletion(cursor, Cause.RETIRED, hot_events + replays + sum(counts.values()), now)
            personal = {
                "sealed files": files_dropped,
                "hot events": hot_events,
                "recordings": replays,
                "refused": counts["refused"],
            }
            note_retirement(cursor, personal, first_kept, now)
        unlinked, waiting = unlink_dropped(database)
    return Retired(
        files_dropped=files_dropped,
        files_unlinked=unlinked,
        files_waiting=waiting,
        hot_events=hot_events,
        replays=replays,
        **counts,
    )


def note_retirement(
    cursor: duckdb.DuckDBPyConnection, counts: Mapping[str, int], before: date, now: datetime
) -> None:
    """Record what held personal data and went for its term was over; the attestation reads it."""
    for what, count in counts.items():
        if count:
            cursor.execute(
                "INSERT INTO retirements VALUES ($now, $what, $before, $count)",
                {"now": naive(now), "what": what, "before": before, "count": count},
            )


def unlink_dropped(database: Database) -> tuple[int, int]:
    """Unlink dropped files, but for those a reader may still see; returns how many were and wait.
    With the last of them go the answers kept of their days.

    Call it after the COMMIT that dropped them, holding `files_lock`. Raises OSError.
    """
    with database.reading() as cursor:
        rows = cursor.execute(
            "SELECT file FROM sealed_files WHERE dropped_at IS NOT NULL ORDER BY file"
        ).fetchall()
    unlinked = waiting = 0
    for (file,) in rows:
        # After a restart nobody reads what was dropped before it.
        mark = database.dropped.setdefault(file, database.readers.mark())
        if database.readers.any_before(mark):
            waiting += 1
            continue
        (database.sealed / file).unlink(missing_ok=True)
        # The row goes after the file: without its row the file would stay, unseen.
        with database.transaction() as cursor:
            cursor.execute("DELETE FROM sealed_files WHERE file = $file", {"file": file})
        del database.dropped[file]
        unlinked += 1
    if not waiting:  # who still reads dropped files may still keep answers of theirs
        with database.snapshot() as snapshot:
            snapshot.answers.sweep()
    return unlinked, waiting


def _drop_hot(cursor: duckdb.DuckDBPyConnection, database: Database, first_kept: date) -> int:
    """Delete hot rows past the term, as those of a site nobody seals any more; count them first."""
    days = cursor.execute(
        "SELECT DISTINCT site, day FROM events WHERE day < $first_kept ORDER BY day, site",
        {"first_kept": first_kept},
    ).fetchall()
    snapshot = Snapshot(cursor, database.sealed)
    for site, day in days:
        settle_sessions(cursor, snapshot, site, day)
        count_day(cursor, site, day)
    return _delete(cursor, "events", "day < $before", first_kept) if days else 0


def _delete_old(
    cursor: duckdb.DuckDBPyConnection, now: datetime, limits: RetentionLimits
) -> dict[str, int]:
    personal = naive(now) - timedelta(days=limits.retention_days)
    checks = naive(now) - timedelta(days=limits.checks_retention_days)
    raw = naive(now).date() - timedelta(
        days=min(limits.checks_raw_days, limits.checks_retention_days)
    )
    aggregates = _months_before(naive(now).date(), limits.aggregates_retention_months)
    return {
        "refused": _delete(cursor, "refused", "received < $before", personal),
        "checks": drop_raw_checks(cursor, raw, now)
        + _delete(cursor, "checks", "due < $before", checks),
        "check_days": drop_check_days(cursor, checks.date()),
        # The version that held at the term's edge stays: checks after it were made under it.
        "definitions": _delete(
            cursor,
            "monitor_definitions",
            "EXISTS (FROM monitor_definitions AS later"
            " WHERE later.monitor = monitor_definitions.monitor"
            " AND later.location = monitor_definitions.location"
            " AND later.from_time > monitor_definitions.from_time AND later.from_time < $before)",
            checks,
        ),
        "load_failures": _delete(cursor, "load_failures", "found_at < $before", checks),
        **_delete_old_deliveries(cursor, checks),
        "retirements": _delete(cursor, "retirements", "retired_at < $before", aggregates),
        "hourly_counts": _delete(cursor, "hourly_counts", "day < $before", aggregates),
        "funnel_days": _delete(cursor, "funnel_days", "day < $before", aggregates),
        "active_hours": _delete(cursor, "active_hours", "day < $before", aggregates),
        "error_counts": _delete(cursor, "error_counts", "day < $before", aggregates),
        "error_groups": retire_groups(cursor, personal, aggregates, now),
        "vital_days": _delete(cursor, "vital_days", "day < $before", aggregates),
        "hourly_attributes": _delete(cursor, "hourly_attributes", "day < $before", aggregates),
    }


def _delete_old_deliveries(cursor: duckdb.DuckDBPyConnection, before: datetime) -> dict[str, int]:
    """What was delivered to us and by us, as long as the checks it speaks of."""
    return {
        # What a lasting outage was told by is still needed, or it would be told again.
        "messages": _delete(
            cursor,
            "outbox",
            "created_at < $before AND state NOT IN ('due', 'sending')"
            " AND incident NOT IN (SELECT id FROM incidents WHERE end_time IS NULL)"
            " AND incident NOT IN (SELECT id FROM certificate_warnings WHERE closed_at IS NULL)",
            before,
        ),
        # The latest of a location tells since when nothing came from it.
        "deliveries": _delete(
            cursor,
            "deliveries",
            "received < $before AND EXISTS (FROM deliveries AS later"
            " WHERE later.location = deliveries.location AND later.received > deliveries.received)",
            before,
        ),
        "presence": _delete(cursor, "presence", "until < $before", before),
    }


def _delete(
    cursor: duckdb.DuckDBPyConnection, table: str, condition: str, before: date | datetime
) -> int:
    return count_of(
        cursor.execute(f"DELETE FROM {table} WHERE {condition}", {"before": before})  # noqa: S608
    )


def _months_before(day: date, months: int) -> date:
    """The first of the month `months` months before the day's."""
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)
