"""A database of an earlier version is copied and rehearsed on before it is migrated."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from store.database import Database
from store.migration import Migration, migrate, migrations
from store.rehearsal import MigrationFailedError, expire_copies, migrate_safely

KNOWN = migrations()


def saved(file: Path, number: int) -> None:
    """A database as the version that knew `number` migrations left it, with a row in it."""
    with duckdb.connect(str(file)) as connection:
        migrate(connection.cursor(), [each for each in KNOWN if each.number <= number])
        connection.execute("INSERT INTO cursors VALUES ('collector-1.journal', 7, '2026-01-01')")


@pytest.mark.parametrize("number", [each.number for each in KNOWN[:-1]])
def test_each_earlier_version_is_migrated_and_kept_beside(tmp_path: Path, number: int) -> None:
    saved(tmp_path / "vigie.duckdb", number)
    database = Database(tmp_path)
    cursor = database.cursor()
    assert cursor.execute("SELECT max(number) FROM migrations").fetchall() == [(KNOWN[-1].number,)]
    assert cursor.execute("SELECT position FROM cursors").fetchall() == [(7,)]
    database.close()
    with duckdb.connect(str(tmp_path / f"before-migration-{number}.duckdb")) as copy:
        assert copy.execute("SELECT max(number) FROM migrations").fetchall() == [(number,)]
        assert copy.execute("SELECT position FROM cursors").fetchall() == [(7,)]
    assert not (tmp_path / "rehearsal.duckdb").exists()


def test_a_new_database_is_not_copied(tmp_path: Path) -> None:
    Database(tmp_path).close()
    Database(tmp_path).close()
    assert not list(tmp_path.glob("before-*"))


@pytest.mark.parametrize("sql", ["DROP TABLE nowhere", "DROP TABLE batches"])
def test_one_that_fails_on_the_copy_leaves_the_database_alone(tmp_path: Path, sql: str) -> None:
    file = tmp_path / "vigie.duckdb"
    saved(file, KNOWN[-1].number)
    before = file.read_bytes()
    bad = Migration(KNOWN[-1].number + 1, "9999_bad.sql", f"CREATE TABLE half (a INTEGER); {sql}")
    with duckdb.connect(str(file)) as connection:
        with pytest.raises(MigrationFailedError, match="the database is as it was"):
            migrate_safely(connection.cursor(), file, [*KNOWN, bad])
        tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        assert ("half",) not in tables
        assert ("batches",) in tables
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["vigie.duckdb"]


def test_the_copy_goes_after_a_week(tmp_path: Path) -> None:
    copy = tmp_path / "before-migration-3.duckdb"
    copy.touch()
    now = datetime(2026, 3, 10, tzinfo=UTC)
    os.utime(copy, ((now - timedelta(days=6)).timestamp(),) * 2)
    assert expire_copies(tmp_path, now) == 0
    assert expire_copies(tmp_path, now + timedelta(days=2)) == 1
    assert not copy.exists()
