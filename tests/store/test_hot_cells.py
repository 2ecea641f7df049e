"""What is known of hot rows by cell is the same whether it was told as they came, or read anew."""

import random
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from store.database import Database
from store.deletions import Cause, note_deletion
from store.hot_answers import HotAnswers
from store.hot_cells import Cell, HotCells, HotRows
from store.retention import RetentionLimits, retire
from store.rewriting import rewrite_database
from store.rows import insert
from store.sealing import SealPolicy, seal_day

FIRST = datetime(2026, 3, 8, tzinfo=UTC)
SITES = ("shop", "docs")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


MANY = (
    "INSERT INTO events BY NAME SELECT 'shop' AS site, $at::DATE AS day, 0 AS bucket,"
    " (i // 20)::UHUGEINT::UUID AS session, i AS batch, 0 AS position,"
    " $at + to_milliseconds(i // 10) AS time, $at AS client_time, $at AS received, 'view' AS kind,"
    " 0 AS view, '/' AS page, false AS bot, false AS generated FROM range($rows) AS made(i)"
)


class Watched(HotCells):
    """Notes how many rows each look reads."""

    def __init__(self, **limits: int) -> None:
        super().__init__(**limits)
        self.read: list[int] = []

    def _after(self, cursor: duckdb.DuckDBPyConnection, before: HotRows) -> pa.Table:
        rows = super()._after(cursor, before)
        self.read.append(sum(rows["rows"].to_pylist()))
        return rows


class Rows:
    """Makes rows of few sessions, so that many lie in two cells."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._made = 0
        self.now = FIRST + 60 * HOUR

    def some(self, count: int, *, late: bool) -> pa.Table:
        """Of the last minutes, or `late`: of any hour since the first, received now."""
        self.now += self._chance.random() * 20 * MINUTE
        return pa.Table.from_pylist([self._row(late=late) for _ in range(count)])

    def _row(self, *, late: bool) -> dict[str, Any]:
        self._made += 1
        span = (self.now - FIRST) if late else 5 * MINUTE
        time = (self.now - self._chance.random() * span).replace(tzinfo=None)
        received = self.now.replace(tzinfo=None) - self._chance.random() * MINUTE
        return {
            "site": self._chance.choice(SITES),
            "day": time.date(),
            "bucket": 0,
            "session": str(UUID(int=self._chance.randrange(60))),
            "batch": self._made,
            "position": 0,
            "time": time,
            "client_time": time,
            "received": received,
            "kind": "view",
            "view": 0,
            "page": "/",
            "bot": False,
            "generated": False,
        }


def cell_of(hour: int, version: str) -> Cell:
    no_sessions = np.empty(0, np.uint64)
    return Cell(
        site="shop",
        first=hour,
        last=hour,
        version=version,
        rows=1,
        sessions=1,
        straddling=no_sessions,
    )


def told(hot: HotRows) -> dict[tuple[str, int], tuple[str, int, list[int]]]:
    return {
        (cell.site, cell.first): (cell.version, cell.rows, cell.straddling.tolist())
        for site in SITES
        for cell in hot.closed(site)
    }


def seen(database: Database, cells: HotCells) -> HotRows:
    with database.reading() as cursor:
        return cells.seen(cursor, database.sealed)


@pytest.fixture
def database(tmp_path: Path) -> Any:
    found = Database(tmp_path)
    yield found
    found.close()


@pytest.mark.parametrize("seed", range(4))
def test_what_was_told_as_rows_came_is_what_reading_all_tells(
    database: Database, seed: int
) -> None:
    rows, cells = Rows(seed), HotCells()
    chance = random.Random(seed)
    for turn in range(12):
        insert(database.cursor(), "events", rows.some(chance.randrange(1, 60), late=turn % 3 == 0))
        assert told(seen(database, cells)) == told(seen(database, HotCells()))
        if turn == 8:
            seal_day(database, SealPolicy(site="shop", sample=1.0), FIRST.date(), rows.now)
    found = seen(database, cells)
    assert any(len(cell.straddling) for cell in found.closed("docs"))
    assert found.beside("shop", FIRST.date()).size, "sessions of the sealed day that went on"
    assert {cell.day for cell in found.closed("shop")}.isdisjoint({FIRST.date()})


def test_each_row_is_read_once_however_lately_it_was_received(database: Database) -> None:
    rows, cells = Rows(5), Watched()
    added = [200, 1, 30, 7]
    for count in added:
        insert(database.cursor(), "events", rows.some(count, late=False))
        seen(database, cells)
        seen(database, cells)
    assert cells.read == added


def test_a_new_day_is_known_without_reading_those_before(database: Database) -> None:
    rows, cells = Rows(6), Watched()
    insert(database.cursor(), "events", rows.some(100, late=True))
    seen(database, cells)
    rows.now += timedelta(days=1)
    insert(database.cursor(), "events", rows.some(20, late=False))
    assert told(seen(database, cells)) == told(seen(database, HotCells()))
    assert cells.read == [100, 20]


def test_rows_are_known_when_they_were_numbered_anew(database: Database) -> None:
    cursor, cells = database.cursor(), Watched()
    cursor.execute(MANY, {"at": FIRST.replace(tzinfo=None), "rows": 400_000})
    with database.transaction() as writing:
        writing.execute("DELETE FROM events WHERE batch % 4 <> 0")
        note_deletion(writing, Cause.ERASED, 300_000, FIRST)
    before = seen(database, cells)
    cursor.execute("CHECKPOINT")
    insert(cursor, "events", Rows(7).some(10, late=True))
    ((last,),) = cursor.execute("SELECT max(rowid) FROM events").fetchall()
    assert last < before.last
    assert told(seen(database, cells)) == told(seen(database, HotCells()))


def test_rows_past_their_term_are_gone_though_as_many_came(database: Database) -> None:
    rows, cells = Rows(10), HotCells()
    insert(database.cursor(), "events", rows.some(300, late=True))
    before = told(seen(database, cells))
    gone = retire(database, rows.now, RetentionLimits(retention_days=1)).hot_events
    assert gone
    insert(database.cursor(), "events", rows.some(gone, late=False))
    assert seen(database, cells).total == 300
    assert told(seen(database, cells)) == told(seen(database, HotCells())) != before


def test_rows_are_known_in_a_file_that_was_rewritten(database: Database) -> None:
    rows = Rows(8)
    insert(database.cursor(), "events", rows.some(500, late=True))
    with database.snapshot() as snapshot:
        before = told(snapshot.cells.hot)
    assert before
    rewrite_database(database, rows.now)
    with database.snapshot() as snapshot:
        assert told(snapshot.cells.hot) == before
    insert(database.cursor(), "events", rows.some(50, late=True))
    with database.snapshot() as snapshot:
        assert told(snapshot.cells.hot) == told(seen(database, HotCells()))


@pytest.mark.parametrize("limits", [{"sessions_max": 50}, {"rows_max": 500}])
def test_of_more_than_can_be_known_only_the_days_are(
    database: Database, limits: dict[str, int]
) -> None:
    rows, cells = Rows(9), HotCells(**limits)
    insert(database.cursor(), "events", rows.some(30, late=True))
    assert told(seen(database, cells)) == told(seen(database, HotCells()))
    for count in (600, 30):
        insert(database.cursor(), "events", rows.some(count, late=True))
        found, whole = seen(database, cells), seen(database, HotCells())
        assert not told(found)
        assert told(whole)
        for site in SITES:
            hot = whole.days(site)
            beside = {day + timedelta(days=days) for day in hot for days in (-1, 0, 1)}
            assert found.days(site) == beside
        assert seen(database, HotCells(**limits)).days("shop") == found.days("shop")
    seal_day(database, SealPolicy(site="shop", sample=1.0), FIRST.date(), rows.now)
    assert FIRST.date() in seen(database, cells).days("shop"), "its neighbour is hot"


def test_only_the_cell_of_a_late_row_and_those_of_its_session_have_another_version(
    database: Database,
) -> None:
    rows, cells = Rows(1), HotCells()
    insert(database.cursor(), "events", rows.some(800, late=True))
    before = told(seen(database, cells))
    late = rows.some(1, late=True)
    insert(database.cursor(), "events", late)
    after = told(seen(database, cells))
    changed = {place for place in after if after[place][0] != before.get(place, ("",))[0]}
    site, session = late["site"][0].as_py(), late["session"][0].as_py()
    hours = database.cursor().execute(
        "SELECT DISTINCT epoch_us(time) // 3600000000 FROM events"
        " WHERE session = $session AND site = $site",
        {"session": session, "site": site},
    )
    of_session = {hour for (hour,) in hours.fetchall()}
    assert changed
    assert changed <= {
        (site, cell.first)
        for cell in seen(database, cells).closed(site)
        if of_session & set(range(cell.first, cell.last + 1))
    }


def test_a_snapshot_begun_before_a_load_sees_the_cells_as_they_were(database: Database) -> None:
    rows, cells = Rows(2), HotCells()
    insert(database.cursor(), "events", rows.some(300, late=True))
    with database.snapshot() as snapshot:
        ((held,),) = snapshot.rows("SELECT count(*) FROM events")

        def load_and_look() -> None:
            insert(database.cursor(), "events", rows.some(50, late=True))
            seen(database, cells)

        other = threading.Thread(target=load_and_look)
        other.start()
        other.join()
        with database.reading() as cursor:
            assert cells.seen(cursor, database.sealed).total == held
            assert told(cells.seen(cursor, database.sealed)) == told(
                HotCells().seen(cursor, database.sealed)
            )
    assert seen(database, cells).total == held + 50


def test_answers_are_bounded_and_those_asked_for_longest_ago_go() -> None:
    answers = HotAnswers(bytes_max=3_000)
    table = pa.table({"n": np.arange(100)})  # 800 bytes
    cells = [cell_of(hour, "a") for hour in range(4)]
    for cell in cells[:3]:
        answers.put(cell, "question", table)
    assert answers.get(cells[0], "question") is table
    answers.put(cells[3], "question", table)
    assert [answers.get(cell, "question") is not None for cell in cells] == [
        *(True, False, True, True)
    ]


def test_an_answer_of_a_cell_as_it_was_before_is_not_found() -> None:
    answers = HotAnswers()
    before, after = cell_of(1, "a"), cell_of(1, "b")
    answers.put(before, "question", pa.table({"n": [1]}))
    assert answers.get(after, "question") is None


@pytest.mark.parametrize("query", ["SELECT error('no')", "SELECT nothing FROM nowhere", None])
def test_a_question_that_failed_leaves_the_cursor_as_it_was(
    database: Database, query: str | None
) -> None:
    rows = Rows(11)
    insert(database.cursor(), "events", rows.some(500, late=True))
    for narrowed in ("alone", "without"):
        with pytest.raises((duckdb.InvalidInputException, duckdb.CatalogException, ValueError)):
            ask_in_vain(database, narrowed, query)
        assert database.cursor().execute("SELECT count(*) FROM events").fetchall() == [(500,)]
        temporary = "SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal"
        assert not database.cursor().execute(temporary).fetchall()


def ask_in_vain(database: Database, narrowed: str, query: str | None) -> None:
    with database.snapshot() as snapshot:
        cells = snapshot.cells
        cell = next(each for each in cells.closed("shop") if len(each.straddling))
        with cells.alone([cell]) if narrowed == "alone" else cells.without("shop", [cell]):
            ((some,),) = snapshot.rows("SELECT count(*) FROM events")
            assert 0 < some < 500
            if query is None:
                raise ValueError
            snapshot.rows(query)


def test_events_are_narrowed_for_nobody_else(database: Database) -> None:
    insert(database.cursor(), "events", Rows(12).some(500, late=True))
    counted: list[int] = []

    def count() -> None:
        with database.snapshot() as snapshot:
            counted.extend(snapshot.rows("SELECT count(*) FROM events")[0])

    with database.snapshot() as snapshot, snapshot.cells.alone(snapshot.cells.closed("shop")[:1]):
        other = threading.Thread(target=count)
        other.start()
        other.join()
    assert counted == [500]
