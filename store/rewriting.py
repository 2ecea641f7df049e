"""Rewriting the database file, so that what was deleted is no longer in it.

DuckDB marks deleted rows and reuses their blocks some day; until then their values stand in the
file. COPY FROM DATABASE writes what is left, with tables, views, macros and sequences, to a new
file with its own write-ahead log; `vigie.duckdb` is pointed to it; the old one is removed when its
last reader is through. Killed at any step, the link points to one whole file or the other.
"""

import shutil
import time
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import duckdb
from msgspec import Struct

from store.database import Database
from store.database_files import next_file, point_to, wal_of
from store.sealed_files import sync_file
from store.table_sums import catalog_of, table_counts
from store.times import naive

FREE_BYTES_MIN = 64 * 1024 * 1024
"""Left free on the disk beside the copy."""
KEPT_ROWS = 100
"""Of the table `rewritings`."""
STEPS = ("copied", "compared", "synced", "pointed", "switched")
"""The steps, in order; a kill after any of them loses nothing."""
BESIDE = "rewritten"
"""What the new file is called while it stands beside the old one."""


class Refusal(StrEnum):
    """Why the file was not rewritten."""

    DISK_LOW = "disk_low"
    """No room for a second file beside it."""


class Rewritten(Struct, frozen=True, kw_only=True):
    """What one rewriting did; `refusal` when it did nothing. Writers waited for `paused_ms`."""

    bytes_before: int = 0
    bytes_after: int = 0
    deleted_rows: int = 0
    paused_ms: float = 0.0
    refusal: Refusal | None = None


class CopyDiffersError(Exception):
    """A copy of the database does not hold what the database does; nothing was changed."""


def rewrite_database(
    database: Database, now: datetime, *, step: Callable[[str], None] = lambda name: None
) -> Rewritten:
    """Rewrite the file and go on in the new one. Readers go on meanwhile; writers wait.

    `step` is called with the name of each of STEPS after it, for tests that stop there. Raises
    OSError, duckdb.Error and CopyDiffersError: the database is then as it was.
    """
    with database.files_lock, database.gate.closed():
        begun = time.monotonic()
        before = database.file
        size = before.stat().st_size
        if shutil.disk_usage(database.folder).free < size + FREE_BYTES_MIN:
            return Rewritten(refusal=Refusal.DISK_LOW)
        wal = wal_of(before)
        size += wal.stat().st_size if wal.exists() else 0
        file = next_file(database.folder)
        try:
            deleted = _copy(database, file, naive(now), step, size, begun)
            sync_file(file)
            step("synced")
        except BaseException:
            file.unlink(missing_ok=True)
            wal_of(file).unlink(missing_ok=True)
            raise
        point_to(database.folder, file)
        step("pointed")
        database.switch_to(file)
        step("switched")
        return Rewritten(
            bytes_before=size,
            bytes_after=file.stat().st_size,
            deleted_rows=deleted,
            paused_ms=(time.monotonic() - begun) * 1000,
        )


def copy_into(cursor: duckdb.DuckDBPyConnection, catalog: str, beside: str) -> None:
    """Copy all of a database into an empty one that is attached. Raises CopyDiffersError."""
    cursor.execute(f'COPY FROM DATABASE "{catalog}" TO "{beside}"')
    wanted, found = (
        (table_counts(cursor, each), _definitions(cursor, each)) for each in (catalog, beside)
    )
    if wanted != found:
        raise CopyDiffersError(f"the copy differs: {found} instead of {wanted}"[:2000])


def _definitions(cursor: duckdb.DuckDBPyConnection, catalog: str) -> list[tuple[str, ...]]:
    """The names of its views, macros, sequences and indexes."""
    return cursor.execute(
        "SELECT 'view', view_name FROM duckdb_views() WHERE NOT internal AND database_name = $it"
        " UNION ALL SELECT 'macro', function_name FROM duckdb_functions()"
        " WHERE NOT internal AND database_name = $it"
        " UNION ALL SELECT 'sequence', sequence_name FROM duckdb_sequences()"
        " WHERE database_name = $it"
        " UNION ALL SELECT 'index', index_name FROM duckdb_indexes() WHERE database_name = $it"
        " ORDER BY ALL",
        {"it": catalog},
    ).fetchall()


def _copy(
    database: Database,
    file: Path,
    now: datetime,
    step: Callable[[str], None],
    size: int,
    begun: float,
) -> int:
    """Make the new file, whole and closed; returns how many deleted rows it no longer holds."""
    with database.reading() as cursor:
        catalog = catalog_of(cursor)
        rows = cursor.execute("SELECT coalesce(sum(rows), 0) FROM deletions").fetchall()
        deleted = int(rows[0][0])
        cursor.execute(f"ATTACH '{quoted(file)}' AS {BESIDE}")
        try:
            copy_into(cursor, catalog, BESIDE)
            step("copied")
            cursor.execute(f"DELETE FROM {BESIDE}.deletions")  # noqa: S608
            cursor.execute(
                f"INSERT INTO {BESIDE}.rewritings VALUES ($now, $deleted, $before, 0, $paused)",  # noqa: S608
                {
                    "now": now,
                    "deleted": deleted,
                    "before": size,
                    "paused": (time.monotonic() - begun) * 1000,
                },
            )
            cursor.execute(
                f"DELETE FROM {BESIDE}.rewritings WHERE rewritten_at <"  # noqa: S608
                f" (SELECT min(rewritten_at) FROM (FROM {BESIDE}.rewritings"
                f" ORDER BY rewritten_at DESC LIMIT {KEPT_ROWS}))"
            )
            cursor.execute(f"CHECKPOINT {BESIDE}")
            cursor.execute(
                f"UPDATE {BESIDE}.rewritings SET bytes_after = $bytes WHERE rewritten_at = $now",  # noqa: S608
                {"bytes": file.stat().st_size, "now": now},
            )
            step("compared")
        finally:
            cursor.execute(f"DETACH {BESIDE}")
    return deleted


def quoted(file: Path) -> str:
    """For within single quotes: ATTACH takes no parameter."""
    return str(file).replace("'", "''")
