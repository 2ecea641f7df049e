"""What is known of hot rows by cell is the same whether it was told as they came, or read anew."""

import random
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa
import pytest

from store.database import Database
from store.hot_answers import HotAnswers
from store.hot_cells import Cell, HotCells, HotRows
from store.rows import insert
from store.sealing import SealPolicy, seal_day

FIRST = datetime(2026, 3, 8, tzinfo=UTC)
SITES = ("shop", "docs")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


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
