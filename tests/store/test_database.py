"""The database file: one owner, migrated once, in UTC, a cursor for each thread."""

import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from store.database import FILE_NAME, Database, DatabaseBusyError, DatabaseLimits
from store.migration import Migration, NewerDatabaseError, migrate, migrations

APPLIED = "SELECT number, name, applied_at FROM migrations ORDER BY number"


def test_a_migration_is_applied_once(tmp_path: Path) -> None:
    database = Database(tmp_path)
    first = database.cursor().execute(APPLIED).fetchall()
    database.close()
    database = Database(tmp_path)
    assert database.cursor().execute(APPLIED).fetchall() == first
    assert [number for number, _, _ in first] == [known.number for known in migrations()]
    database.close()


def test_a_failing_migration_changes_nothing_and_is_not_recorded() -> None:
    cursor = duckdb.connect()
    good = Migration(1, "0001_good.sql", "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);")
    bad = Migration(2, "0002_bad.sql", "ALTER TABLE a ADD COLUMN y INTEGER; SELECT nonsense;")
    with pytest.raises(duckdb.Error, match="nonsense"):
        migrate(cursor, [good, bad])
    assert cursor.execute("SELECT * FROM a").fetchall() == [(1,)]
    assert [number for number, _, _ in cursor.execute(APPLIED).fetchall()] == [1]
    mended = Migration(2, "0002_bad.sql", "ALTER TABLE a ADD COLUMN y INTEGER;")
    assert migrate(cursor, [good, mended]) == [2]
    assert cursor.execute("SELECT * FROM a").fetchall() == [(1, None)]
    cursor.close()


def test_a_database_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    database = Database(tmp_path)
    database.cursor().execute("INSERT INTO migrations VALUES (9999, '9999_new.sql', now())")
    database.close()
    with pytest.raises(NewerDatabaseError, match="9999"):
        Database(tmp_path)


def test_a_second_process_is_told_whom_to_ask(tmp_path: Path) -> None:
    database = Database(tmp_path)
    program = (
        "import sys; from pathlib import Path; from store.database import *\n"
        "try: Database(Path(sys.argv[1]))\n"
        "except DatabaseBusyError as error: print(error)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    ).stdout
    assert str(tmp_path / FILE_NAME) in told
    assert "running console" in told
    database.close()
    assert issubclass(DatabaseBusyError, Exception)


def test_sql_thinks_in_utc_in_every_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    database = Database(tmp_path)
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    answers: list[object] = []

    def ask() -> None:
        query = "SELECT $time::TIMESTAMPTZ::TIMESTAMP"
        answers.append(database.cursor().execute(query, {"time": noon}).fetchall()[0][0])

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    ask()
    assert answers == [noon.replace(tzinfo=None)] * 2
    database.close()


def test_each_thread_has_a_cursor_of_its_own(tmp_path: Path) -> None:
    database = Database(tmp_path)
    cursors = [database.cursor(), database.cursor()]
    thread = threading.Thread(target=lambda: cursors.append(database.cursor()))
    thread.start()
    thread.join()
    assert cursors[0] is cursors[1] is not cursors[2]
    database.close()


def test_a_transaction_that_raises_leaves_nothing_and_the_cursor_usable(tmp_path: Path) -> None:
    database = Database(tmp_path)
    insert = "INSERT INTO load_failures VALUES ('a', 1, 'torn', now())"

    def fail() -> None:
        with database.transaction() as cursor:
            cursor.execute(insert)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    with database.transaction() as cursor:
        cursor.execute(insert)
    assert database.cursor().execute("SELECT count(*) FROM load_failures").fetchall() == [(1,)]
    database.close()


def test_what_does_not_fit_into_memory_goes_to_disk_and_back(tmp_path: Path) -> None:
    database = Database(tmp_path, DatabaseLimits(memory_limit="32MB", threads=1))
    ordered = "SELECT md5(n::VARCHAR) AS id FROM range(500000) AS numbers(n) ORDER BY id"
    sums = f"SELECT count(*), min(id) FROM (SELECT id FROM ({ordered} LIMIT 499999))"
    ((rows, _),) = database.cursor().execute(sums).fetchall()
    assert rows == 499_999
    assert (tmp_path / "temp").is_dir()
    database.close()
