"""Rewriting the database file, so that what was deleted is no longer in it.

DuckDB marks deleted rows and reuses their blocks some day; until then their values stand in the
file. What is left is copied, with tables, views, macros and sequences, to a new file with its own
write-ahead log (see `database_copy`), while loading goes on; what came meanwhile is added, the
last of it with writers held up. Then `vigie.duckdb` is pointed to the new file, and the old one is
removed when its last reader is through. Killed at any step, the link points to one whole file or
the other.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from store.database import Database
from store.database_copy import CopyDiffersError, DatabaseCopy
from store.database_files import next_file, wal_of
from store.sealed_files import sync_file
from store.times import naive

FREE_BYTES_MIN = 64 * 1024 * 1024
"""Left free on the disk beside the copy."""
KEPT_ROWS = 100
"""Of the table `rewritings`."""
STEPS = ("copied", "caught up", "compared", "synced", "pointed", "switched")
"""The steps, in order; a kill after any of them loses nothing. Writers wait after "caught up"."""

__all__ = ["CopyDiffersError", "Refusal", "Rewritten", "rewrite_database"]


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


def rewrite_database(
    database: Database, now: datetime, *, step: Callable[[str], None] = lambda name: None
) -> Rewritten:
    """Rewrite the file and go on in the new one. Readers go on meanwhile; writers wait at the end.

    `step` is called with the name of each of STEPS after it, for tests that stop there. Raises
    OSError, duckdb.Error and CopyDiffersError: the database is then as it was.
    """
    with database.files_lock:
        before = database.file
        size = before.stat().st_size
        if shutil.disk_usage(database.folder).free < size + FREE_BYTES_MIN:
            return Rewritten(refusal=Refusal.DISK_LOW)
        wal = wal_of(before)
        size += wal.stat().st_size if wal.exists() else 0
        file = next_file(database.folder)
        with _removed_unless_used(database, file), DatabaseCopy(database, file) as copy:
            copy.fill()
            step("copied")
            copy.catch_up()
            step("caught up")
            with database.gate.closed():
                begun = time.monotonic()
                copy.finish()
                step("compared")
                sync_file(file)
                step("synced")
                database.switch_to(file, pointed=lambda: step("pointed"))
                step("switched")
                paused_ms = (time.monotonic() - begun) * 1000
        done = Rewritten(
            bytes_before=size,
            bytes_after=file.stat().st_size,
            deleted_rows=copy.deleted_rows,
            paused_ms=paused_ms,
        )
        _note(database, done, now)
        return done


@contextmanager
def _removed_unless_used(database: Database, file: Path) -> Iterator[None]:
    """Remove a new file that did not become the database."""
    try:
        yield
    except BaseException:
        if database.file != file:
            file.unlink(missing_ok=True)
            wal_of(file).unlink(missing_ok=True)
        raise


def _note(database: Database, done: Rewritten, now: datetime) -> None:
    with database.transaction() as cursor:
        cursor.execute(
            "INSERT INTO rewritings VALUES ($now, $deleted, $before, $after, $paused)",
            {
                "now": naive(now),
                "deleted": done.deleted_rows,
                "before": done.bytes_before,
                "after": done.bytes_after,
                "paused": done.paused_ms,
            },
        )
        cursor.execute(
            "DELETE FROM rewritings WHERE rewritten_at < (SELECT min(rewritten_at) FROM"
            " (FROM rewritings ORDER BY rewritten_at DESC LIMIT $kept))",
            {"kept": KEPT_ROWS},
        )
