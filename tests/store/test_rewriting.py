"""What was deleted is gone from the database file and its log, and nothing else is."""

import re
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import duckdb
import pytest

from store import database_copy, rewriting
from store.database import Database, DatabaseDamagedError
from store.database_files import FILE_NAME, left_over
from store.deletions import Cause, note_deletion, rewriting_due
from store.loader import Loader
from store.rewriting import CopyDiffersError, Refusal, rewrite_database
from tests.support.stored import NOON, Journal, Maker, events_seen, load_all, summaries_seen

PERSON = "anna-at-example-dot-org-said-so"


def raw(database: Database) -> bytes:
    """Every byte of the store's folder."""
    return b"".join(path.read_bytes() for path in database.folder.rglob("*") if path.is_file())


@pytest.fixture
def half_deleted(database: Database, loader: Loader, journal: Journal, make: Maker) -> Database:
    """Of 3,000 batches with a person's key, all of that person's were deleted."""
    journal.write(*(make.batch(user=f"{PERSON}-{number}") for number in range(1500)))
    journal.write(*(make.batch(user="somebody") for _ in range(1500)))
    load_all(loader)
    with database.transaction() as cursor:
        rows = cursor.execute("DELETE FROM events WHERE user_key <> 'somebody'").fetchall()
        note_deletion(cursor, Cause.ERASED, rows[0][0], NOON)
    database.cursor().execute("CHECKPOINT")
    return database


def test_a_deleted_value_is_in_no_file_afterwards(half_deleted: Database) -> None:
    assert PERSON.encode() in raw(half_deleted), "nothing to show: DuckDB removes values by itself"
    done = rewrite_database(half_deleted, NOON)
    assert PERSON.encode() not in raw(half_deleted)
    assert done.refusal is None
    assert done.deleted_rows == 4500
    assert 0 < done.bytes_after < done.bytes_before
    assert len(events_seen(half_deleted, "user_key")) == 4500
    assert summaries_seen(half_deleted, "count(*)") == [(1500,)]
    assert left_over(half_deleted.folder) == []
    assert (half_deleted.folder / FILE_NAME).resolve() == half_deleted.file


def test_everything_but_rows_is_as_before(half_deleted: Database) -> None:
    cursor = half_deleted.cursor()
    cursor.execute("CREATE SEQUENCE numbers START 5")
    cursor.execute("SELECT nextval('numbers')")
    cursor.execute("CREATE VIEW somebody AS FROM events WHERE user_key = 'somebody'")
    asked = (
        "SELECT table_name, sql FROM duckdb_tables() ORDER BY ALL",
        # DuckDB writes the lists of EXCLUDE and REPLACE in any order: the words are the same.
        "SELECT function_name, list_sort(string_split_regex(macro_definition, '\\W+'))"
        " FROM duckdb_functions() WHERE NOT internal ORDER BY ALL",
        "SELECT constraint_text FROM duckdb_constraints() ORDER BY ALL",
        "SELECT * FROM migrations ORDER BY ALL",
        "SELECT count(*) FROM somebody",
        "SELECT last_value FROM duckdb_sequences()",
    )
    before = [cursor.execute(each).fetchall() for each in asked]
    rewrite_database(half_deleted, NOON)
    cursor = half_deleted.cursor()
    assert [cursor.execute(each).fetchall() for each in asked] == before
    with pytest.raises(duckdb.ConstraintException):
        cursor.execute("INSERT INTO cursors SELECT * FROM cursors")


def test_loading_goes_on_and_a_restart_finds_the_new_file(
    half_deleted: Database, loader: Loader, journal: Journal, make: Maker, tmp_path: Path
) -> None:
    repeated = make.batch()
    journal.write(repeated)
    load_all(loader)
    for _ in range(3):
        rewrite_database(half_deleted, NOON)
        journal.write(make.batch(), repeated)
        assert sum(loaded.repeats for loaded in load_all(loader)) == 1
    half_deleted.close()
    again = Database(tmp_path / "store")
    assert len(events_seen(again, "session")) == 4500 + 3 * 4
    assert Loader(again, journal.folder).load_once(NOON).bytes == 0
    again.close()


def test_a_reader_finishes_in_the_file_it_began_in(half_deleted: Database) -> None:
    began, rewritten, seen = Event(), Event(), []

    def read() -> None:
        with half_deleted.snapshot() as snapshot:
            seen.append(snapshot.rows("SELECT count(*) FROM events"))
            began.set()
            assert rewritten.wait(60)
            seen.append(snapshot.rows("SELECT count(*), count(DISTINCT session) FROM events"))

    reader = Thread(target=read)
    reader.start()
    assert began.wait(60)
    rewrite_database(half_deleted, NOON)
    rewrite_database(half_deleted, NOON)
    with half_deleted.transaction() as cursor:
        cursor.execute("DELETE FROM events")
    rewritten.set()
    reader.join()
    assert seen == [[(4500,)], [(4500, 1500)]]
    assert left_over(half_deleted.folder) == []
    assert PERSON.encode() not in raw(half_deleted)


def test_a_writer_waits_and_writes_into_the_new_file(half_deleted: Database) -> None:
    writers: list[Thread] = []

    def write() -> None:
        with half_deleted.transaction() as cursor:
            cursor.execute("INSERT INTO alerting_since VALUES ('2026-01-01')")

    def start_writer(step: str) -> None:
        if step == "compared":
            writers.append(Thread(target=write))
            writers[0].start()

    rewrite_database(half_deleted, NOON, step=start_writer)
    writers[0].join()
    rows = half_deleted.cursor().execute("SELECT count(*) FROM alerting_since").fetchall()
    assert rows == [(1,)]


def test_without_room_for_a_copy_nothing_is_done(
    half_deleted: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = half_deleted.file
    monkeypatch.setattr(rewriting, "FREE_BYTES_MIN", 2 * shutil.disk_usage(file).total)
    assert rewrite_database(half_deleted, NOON).refusal is Refusal.DISK_LOW
    assert half_deleted.file == file
    assert rewriting_due(half_deleted, NOON, wait_h=24)


def test_a_copy_that_differs_is_thrown_away(
    half_deleted: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = half_deleted.file
    seen = iter([[("view", "somebody")], []])
    with monkeypatch.context() as patched:
        patched.setattr(database_copy, "definitions", lambda cursor, catalog: next(seen))
        with pytest.raises(CopyDiffersError):
            rewrite_database(half_deleted, NOON)
    check_as_it_was(half_deleted, file)


def test_rows_deleted_meanwhile_make_no_copy(half_deleted: Database) -> None:
    file = half_deleted.file

    def delete_some(step: str) -> None:
        if step == "copied":
            half_deleted.cursor().execute("DELETE FROM refused")
            half_deleted.cursor().execute("DELETE FROM batches WHERE rowid < 7")

    with pytest.raises(CopyDiffersError):
        rewrite_database(half_deleted, NOON, step=delete_some)
    check_as_it_was(half_deleted, file)


def test_a_copy_that_cannot_be_opened_is_not_used(
    half_deleted: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = half_deleted.file

    def fails(file: Path) -> None:
        raise DatabaseDamagedError(f"{file} cannot be opened")

    with monkeypatch.context() as patched:
        patched.setattr(half_deleted, "_open", fails)
        with pytest.raises(DatabaseDamagedError):
            rewrite_database(half_deleted, NOON)
    check_as_it_was(half_deleted, file)
    with half_deleted.transaction() as cursor:
        cursor.execute("INSERT INTO alerting_since VALUES ('2026-01-01')")
    half_deleted.close()
    again = Database(tmp_path / "store")
    assert len(again.cursor().execute("FROM alerting_since").fetchall()) == 1
    again.close()


def check_as_it_was(database: Database, file: Path) -> None:
    """It goes on in the same file, nothing else is left, and the next rewriting succeeds."""
    assert database.file == file
    assert left_over(database.folder) == []
    assert list(database.folder.glob("vigie-*")) == []
    assert len(events_seen(database, "session")) == 4500
    assert rewrite_database(database, NOON).refusal is None
    assert len(events_seen(database, "session")) == 4500


def test_what_is_loaded_while_the_copy_is_made_is_in_it_once(
    half_deleted: Database,
    loader: Loader,
    journal: Journal,
    make: Maker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(database_copy, "CATCH_UP_ROWS", 10)
    rounds = []

    def load_more(step: str) -> None:
        if step in ("copied", "caught up"):
            # In a thread of its own, as the loader is: the copy's transaction is open in this one.
            in_thread(lambda: load_some(loader, journal, make, half_deleted))
            rounds.append(step)

    before = events_seen(half_deleted, "session, batch, position")
    rewrite_database(half_deleted, NOON, step=load_more)
    after = events_seen(half_deleted, "session, batch, position")
    assert rounds == ["copied", "caught up"]
    assert len(after) == len(set(after)) == len(before) + 2 * 3 * 40 * 3
    assert set(before) <= set(after)
    positions = "SELECT sum(position) FROM cursors"
    ((read,),) = half_deleted.cursor().execute(positions).fetchall()
    assert read == sum(path.stat().st_size for path in journal.folder.glob("*.journal"))
    assert PERSON.encode() not in raw(half_deleted)


def load_some(loader: Loader, journal: Journal, make: Maker, database: Database) -> None:
    """Three rounds, each followed by a checkpoint of the file that is being copied."""
    for _ in range(3):
        journal.write(*(make.batch() for _ in range(40)))
        load_all(loader)
        database.cursor().execute("CHECKPOINT")


def in_thread(work: Callable[[], object]) -> None:
    thread = Thread(target=work)
    thread.start()
    thread.join()


def test_batches_are_forgotten_after_the_copy_and_not_during_it(
    half_deleted: Database, journal: Journal
) -> None:
    hours = [0.0]
    loader = Loader(half_deleted, journal.folder, monotonic=lambda: hours[0] * 3600)

    def known_after_a_load() -> int:
        in_thread(lambda: load_all(loader, NOON + timedelta(hours=hours[0])))
        rows = half_deleted.cursor().execute("SELECT count(*) FROM batches").fetchall()
        return int(rows[0][0])

    def load(step: str) -> None:
        if step == "copied":
            assert known_after_a_load() == 3000

    assert known_after_a_load() == 3000
    hours[0] = 40
    rewrite_database(half_deleted, NOON, step=load)
    assert known_after_a_load() == 0


def test_the_tables_that_are_copied_by_row_number_are_never_updated() -> None:
    root = Path(database_copy.__file__).parents[1]
    sources = [
        path
        for room in ("store", "analytics", "vigie")
        for path in (root / room).rglob("*")
        if path.suffix in (".py", ".sql") and "migrations" not in path.parts
    ]
    text = "\n".join(path.read_text() for path in sources)
    assert len(sources) > 100
    for table in database_copy.GROWING:
        assert not re.search(rf"(UPDATE|MERGE INTO|INSERT OR REPLACE INTO) {table}\b", text), table


def test_it_is_due_at_once_after_a_seal_and_later_after_retention(database: Database) -> None:
    assert not rewriting_due(database, NOON, wait_h=24)
    with database.transaction() as cursor:
        note_deletion(cursor, Cause.RETIRED, 3, NOON)
        note_deletion(cursor, Cause.SEALED, 0, NOON)
    assert not rewriting_due(database, NOON + timedelta(hours=23), wait_h=24)
    assert rewriting_due(database, NOON + timedelta(hours=24), wait_h=24)
    with database.transaction() as cursor:
        note_deletion(cursor, Cause.SEALED, 1, NOON)
    assert rewriting_due(database, NOON, wait_h=24)
    rewrite_database(database, NOON)
    assert not rewriting_due(database, NOON + timedelta(days=9), wait_h=24)
    told = database.cursor().execute("SELECT deleted_rows FROM rewritings").fetchall()
    assert told == [(4,)]
