"""Reports say of hot days from what is kept of their cells what they say from the rows, whatever
comes in meanwhile."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from analytics import by_day
from bench.generated_rows import SITE
from bench.generated_store import generate
from store.database import Database
from store.hot_answers import CellAnswers
from store.hot_cells import Cell
from store.sealing import SealPolicy, seal_day
from store.tombstones import Subject
from tests.analytics.test_by_day import NOW, QUESTIONS, ask, plain
from tests.support.erasing import eraser_of, finished

pytestmark = pytest.mark.timeout(900)  # much is read, and on a busy machine slowly

NEVER = 1 << 40
COPY = (
    "INSERT INTO events BY NAME SELECT * REPLACE (batch + $more AS batch,"
    " time + to_hours($hours) AS time, (time + to_hours($hours))::DATE AS day,"
    " received + to_hours($late) AS received)"
    " FROM {source} WHERE site = $site AND day = $day AND hash(session) % 1000 < $thousandths"
)
"""The rows of some sessions once more, some hours later: by other rows of theirs."""


ASKED = (
    *("funnel in parts", "why", "behind a bar of a part", "journey", "perceived", "seen", "errors"),
    *("clicks", "paths"),
)


class Store:
    """A store that goes on, and what is kept of it in this process."""

    def __init__(self, folder: Path, keep: float, seed: int) -> None:
        generate(folder / "store", 22_000, now=NOW, days=5, keep=keep, seed=seed, today=True)
        self.folder = folder
        self.database = Database(folder / "store")
        self._copies = 0

    def copy(self, days: int, hours: int, late: int, *, sealed: bool = False) -> None:
        """Some sessions of so many `days` ago go on so many `hours` later, received `late`."""
        self._copies += 1
        day = (NOW - timedelta(days=days)).date()
        asked: dict[str, Any] = {
            "site": SITE,
            "day": day,
            "more": self._copies * 1_000_000,
            "hours": hours,
            "late": late,
            "thousandths": 30,
        }
        if sealed:
            paths = self.database.sealed.glob(f"detail/*/day={day}/*.parquet")
            asked["files"] = [str(path) for path in paths]
        source = "sealed_events($files)" if sealed else "events"
        self.database.cursor().execute(COPY.format(source=source), asked)

    def erase_one(self, days: int) -> None:
        day = (NOW - timedelta(days=days)).date()
        ((session,),) = (
            self.database.cursor()
            .execute(
                "SELECT max(session)::VARCHAR FROM events WHERE day = $day AND hour(time) = 12",
                {"day": day},
            )
            .fetchall()
        )
        eraser = eraser_of(self.database, self.folder)
        finished(eraser, eraser.ask(SITE, Subject.SESSION, session.replace("-", ""), NOW))

    def seal(self, days: int) -> None:
        day = (NOW - timedelta(days=days)).date()
        seal_day(self.database, SealPolicy(site=SITE, sample=0.2, keep=1.0), day, NOW)


STEPS: dict[str, Callable[[Store], None]] = {
    "as it was": lambda store: None,
    "late rows of yesterday": lambda store: store.copy(1, 0, 12),
    "sessions go on in the next cell": lambda store: store.copy(1, 3, 4),
    "sessions go on over a hot midnight": lambda store: store.copy(2, 12, 12),
    "and over that of a sealed day": lambda store: store.copy(3, 14, 14, sealed=True),
    "one is erased": lambda store: store.erase_one(1),
    "a day is sealed": lambda store: store.seal(2),
    "late rows of a sealed day": lambda store: store.copy(1, -24, 6),
    "rows of today": lambda store: store.copy(0, 1, 1),
}


@pytest.mark.parametrize(
    ("keep", "sample", "seed"),
    [
        pytest.param(1.0, 1.0, 11, marks=pytest.mark.long),
        pytest.param(1.0, 0.2, 12, marks=pytest.mark.long),
        (0.5, 1.0, 13),
    ],
)
def test_kept_cells_say_what_the_rows_say_whatever_comes_in(
    tmp_path: Path, keep: float, sample: float, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_day, "NEW_CELLS_MAX", NEVER)
    store = Store(tmp_path, keep, seed)
    kept = 0
    for step, do in STEPS.items():
        do(store)
        for name in ASKED:
            question = QUESTIONS[name]
            monkeypatch.setattr(by_day, "DAY_ROWS_MIN", NEVER)
            wanted = plain(ask(store.database, question, sample))
            monkeypatch.setattr(by_day, "DAY_ROWS_MIN", 1)
            assert plain(ask(store.database, question, sample)) == wanted, f"{name}, {step}"
        with store.database.snapshot() as snapshot:
            kept += len(snapshot.cells.closed(SITE))
    assert kept > 50
    store.database.close()


def test_a_day_and_a_cell_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_day, "DAY_ROWS_MIN", 1)
    monkeypatch.setattr(by_day, "ROWS_AT_ONCE", 1)
    store = Store(tmp_path, 1.0, 14)
    read: list[str] = []

    def asked() -> int:
        read.clear()
        with store.database.snapshot() as snapshot:
            snapshot.preparing = True
            snapshot.before_part = lambda: read.append("a part")
            QUESTIONS["funnel"](snapshot, 1.0)
        return len(read)

    with store.database.snapshot() as snapshot:
        cells = len(snapshot.cells.closed(SITE))
    assert asked() >= 2 * cells, "of the funnel, and of its basis"
    assert asked() == 0
    store.copy(1, 0, 12)
    assert 0 < asked() < 2 * cells, "those of late rows"
    store.database.close()


def test_who_waits_has_few_cells_read_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_day, "DAY_ROWS_MIN", 1)
    store, said, kept = Store(tmp_path, 1.0, 15), [], []
    put = CellAnswers.put

    def noted(cells: CellAnswers, cell: Cell, question: str, answer: pa.Table) -> None:
        kept.append(question)
        put(cells, cell, question, answer)

    monkeypatch.setattr(CellAnswers, "put", noted)
    for _ in range(2):
        kept.clear()
        said.append(plain(ask(store.database, QUESTIONS["errors"], 1.0)))
        assert set(Counter(kept).values()) == {by_day.NEW_CELLS_MAX}
    assert said[0] == said[1]
    store.database.close()
