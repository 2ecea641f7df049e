"""Answers of closed cells of hot days, in memory: what one cell said to one question.

They hold what rows of the database hold, so none of them outlives the process, and that of a cell
which is not as it was is not found again.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from store.hot_cells import Cell, HotCells, HotRows, begin
from store.known_tables import known_as

BYTES_MAX = 192 << 20
"""Of all answers, and of the rows of sessions that lie in two cells; beyond, those that were asked
for longest ago go."""
STRADDLING = "rows of sessions that lie elsewhere as well"
CODED = (
    *("site", "kind", "page", "level", "environment", "release", "device", "browser", "os"),
    *("country", "campaign", "referrer", "currency", "via", "source"),
)
"""Columns of few texts: kept as numbers that stand for them."""


class HotAnswers:
    """Safe to use from any thread."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._lock = threading.Lock()
        self._answers: OrderedDict[tuple[str, int, str], tuple[str, pa.Table]] = OrderedDict()
        self._bytes = 0

    def get(self, cell: Cell, question: str) -> pa.Table | None:
        key = (cell.site, cell.first, question)
        with self._lock:
            version, found = self._answers.get(key, ("", None))
            if version != cell.version:
                return None
            self._answers.move_to_end(key)
            return found

    def put(self, cell: Cell, question: str, answer: pa.Table) -> None:
        """Keep an answer in place of what the cell said as it was before."""
        key = (cell.site, cell.first, question)
        with self._lock:
            if key in self._answers:
                self._bytes -= self._answers.pop(key)[1].nbytes
            self._answers[key] = (cell.version, answer)
            self._bytes += answer.nbytes
            while self._bytes > self._bytes_max:
                _, (_, gone) = self._answers.popitem(last=False)
                self._bytes -= gone.nbytes


class CellAnswers:
    """The closed cells as one snapshot sees them, and their answers. Lives as long as it."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        sealed: Path,
        known: HotCells,
        answers: HotAnswers,
    ) -> None:
        self._cursor = cursor
        self._sealed = sealed
        self._known = known
        self._answers = answers
        self._seen: HotRows | None = None
        self.narrowed = False
        """Whether `events` are not all the hot rows now."""

    @property
    def hot(self) -> HotRows:
        """Asked before `events` are narrowed."""
        if self._seen is None:
            self._seen = self._known.seen(self._cursor, self._sealed)
        return self._seen

    def closed(self, site: str) -> list[Cell]:
        return self.hot.closed(site)

    def get(self, cell: Cell, question: str) -> pa.Table | None:
        """The answer to `question`, a digest; None where it is not kept."""
        return self._answers.get(cell, question)

    def put(self, cell: Cell, question: str, answer: pa.Table) -> None:
        self._answers.put(cell, question, answer)

    @contextmanager
    def alone(self, cells: Sequence[Cell]) -> Iterator[None]:
        """For a while `events`, in whatever query or macro, are the cells', without the sessions
        that lie elsewhere as well, be it in another of them."""
        apart = pa.table({"hashed": np.concatenate([cell.straddling for cell in cells])})
        days = sorted(cell.day for cell in cells)
        with self._narrowed(
            f"SELECT events.* FROM {self._events} AS events"  # noqa: S608
            " ANTI JOIN cell_straddling ON hash(events.session) = cell_straddling.hashed"
            f" WHERE day BETWEEN DATE '{days[0]}' AND DATE '{days[-1]}' AND ({_in_any(cells)})",
            cell_straddling=apart,
        ):
            yield

    @contextmanager
    def without(self, site: str, cells: Sequence[Cell]) -> Iterator[None]:
        """For a while `events` are not these cells' of the site, but for the sessions that lie
        elsewhere as well; what of other sites they are is not said."""
        if not cells:
            yield
            return
        held = pa.concat_tables([self._straddling(cell) for cell in cells])
        first = self.hot.begins(site, cells)
        since = "false" if first is None else f"time >= {_instant(first)}"
        with self._narrowed(
            f"SELECT * FROM {self._events} WHERE {since} AND NOT ({_in_any(cells)})"  # noqa: S608
            " UNION ALL BY NAME SELECT * REPLACE (session::UUID AS session) FROM cell_held",
            cell_held=held,
        ):
            yield

    @property
    def _events(self) -> str:
        """The table, by a name that nothing stands before."""
        ((name,),) = self._cursor.execute("SELECT current_database()").fetchall()
        return f'"{name}".main.events'

    def _straddling(self, cell: Cell) -> pa.Table:
        """Their rows in the cell."""
        known = self._answers.get(cell, STRADDLING)
        if known is None:
            known = self._cursor.sql(
                f"SELECT * FROM {self._events} AS events"  # noqa: S608
                f" WHERE site = $site AND {_within(cell.first, cell.last)}"
                " AND hash(session) IN (SELECT unnest($sessions::UBIGINT[]))",
                params={"site": cell.site, "sessions": cell.straddling.tolist()},
            ).to_arrow_table()
            for name in CODED:
                place = known.column_names.index(name)
                known = known.set_column(place, name, known[name].dictionary_encode())
            self._answers.put(cell, STRADDLING, known)
        return known

    @contextmanager
    def _narrowed(self, query: str, **tables: pa.Table) -> Iterator[None]:
        """A temporary view stands before the table of its name, in macros too."""
        with known_as(self._cursor, tables):
            try:
                self._cursor.execute(f"CREATE OR REPLACE TEMPORARY VIEW events AS {query}")
                self.narrowed = True
                yield
            finally:
                self.narrowed = False
                with suppress(duckdb.Error):  # a transaction that failed takes its view with it
                    self._cursor.execute("DROP VIEW IF EXISTS temp.events")


def _runs(cells: Sequence[Cell]) -> Iterator[tuple[int, int]]:
    """The first and the last hour of each run of cells."""
    spans = sorted((cell.first, cell.last) for cell in cells)
    first = spans[0][0]
    for (_, last), (after, _) in pairwise([*spans, (-1, -1)]):
        if after != last + 1:
            yield first, last
            first = after


def _in_any(cells: Sequence[Cell]) -> str:
    return " OR ".join(_within(first, last) for first, last in _runs(cells))


def _within(first: int, last: int) -> str:
    return f"(time >= {_instant(first)} AND time < {_instant(last + 1)})"


def _instant(hour: int) -> str:
    """When the hour begins."""
    return f"TIMESTAMP '{begin(hour):%Y-%m-%d %H:%M:%S}'"
