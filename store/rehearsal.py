"""Migrating a database that holds something: copied first, tried on the copy, then done.

Exception
└── MigrationFailedError   the rehearsal failed; the database is as it was
"""

import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from store.migration import Migration, migrate
from store.sealed_files import sync_file
from store.table_sums import catalog_of, table_counts

BEFORE = "before-migration-"
REHEARSAL = "rehearsal.duckdb"
FREE_BYTES_MIN = 64 * 1024 * 1024
COPY_KEPT = timedelta(days=7)
"""How long the copy of before stays: it holds what is deleted since."""


class MigrationFailedError(Exception):
    """A migration failed on a copy of the database, which itself was not touched."""


def migrate_safely(
    cursor: duckdb.DuckDBPyConnection, file: Path, known: Sequence[Migration]
) -> list[int]:
    """As `migrate`; a database with migrations of before is copied, and rehearsed on, first.

    The copy, `before-migration-N.duckdb` beside the file, is the database as the program that knew
    N migrations left it. Raises MigrationFailedError, NewerDatabaseError and OSError; the database
    is then as it was.
    """
    done = _done(cursor)
    if done and {migration.number for migration in known} - done:
        _back_up_and_rehearse(cursor, file, known, max(done))
    return migrate(cursor, known)


def remove_copies(folder: Path) -> None:
    """Remove all copies of before a migration: they hold what was erased since. Raises OSError."""
    for path in folder.glob(f"{BEFORE}*.duckdb"):
        path.unlink()


def expire_copies(folder: Path, now: datetime) -> int:
    """Remove copies of before a migration that are old enough; returns how many. Raises OSError."""
    old = [
        path
        for path in folder.glob(f"{BEFORE}*.duckdb")
        if path.stat().st_mtime < (now - COPY_KEPT).timestamp()
    ]
    for path in old:
        path.unlink()
    return len(old)


def _done(cursor: duckdb.DuckDBPyConnection) -> set[int]:
    tables = table_counts(cursor, catalog_of(cursor))
    if "migrations" not in tables:
        return set()
    return {number for (number,) in cursor.execute("SELECT number FROM migrations").fetchall()}


def _back_up_and_rehearse(
    cursor: duckdb.DuckDBPyConnection, file: Path, known: Sequence[Migration], last: int
) -> None:
    cursor.execute("CHECKPOINT")  # the file alone is then the whole of it
    before = table_counts(cursor, catalog_of(cursor))
    size = file.stat().st_size
    if shutil.disk_usage(file.parent).free < 2 * size + FREE_BYTES_MIN:
        raise OSError(
            f"{file.parent} needs {2 * size + FREE_BYTES_MIN:,} bytes free, to copy the database"
            " before it is migrated"
        )
    copy = file.with_name(f"{BEFORE}{last}.duckdb")
    rehearsal = file.with_name(REHEARSAL)
    rehearsal.unlink(missing_ok=True)
    shutil.copyfile(file, copy)
    copy.chmod(0o600)
    sync_file(copy)
    try:
        shutil.copyfile(copy, rehearsal)
        with duckdb.connect(str(rehearsal)) as tried:
            migrate(tried.cursor(), known)
            after = table_counts(tried.cursor(), catalog_of(tried))
        lost = [name for name in before.keys() - {"migrations"} if name not in after]
        if lost:
            raise MigrationFailedError(f"it would lose the tables {', '.join(sorted(lost))}")
    except (duckdb.Error, MigrationFailedError) as error:
        copy.unlink()
        raise MigrationFailedError(
            f"a migration failed on a copy of {file} ({str(error).splitlines()[0][:300]}); the"
            " database is as it was: go on with the version of Vigie that wrote it, and report this"
        ) from error
    finally:
        rehearsal.unlink(missing_ok=True)
        rehearsal.with_name(f"{REHEARSAL}.wal").unlink(missing_ok=True)
