"""A consistent view of the store: hot rows and the sealed files of one transaction."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from store.day_answers import DayAnswers
from store.hot_answers import CellAnswers, HotAnswers
from store.hot_cells import HotCells
from store.known_tables import known_as
from store.sealed_files import EMPTY_FILES

SOURCE_MAPS_FOLDER = "source_maps"


class Snapshot:
    """What one report reads. Lives inside one transaction, on one thread."""

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        sealed: Path,
        hot: HotCells | None = None,
        answers: HotAnswers | None = None,
    ) -> None:
        """`hot` and `answers`: what this process knows of hot rows and keeps of them."""
        self._cursor = cursor
        self._sealed = sealed
        self.cells = CellAnswers(cursor, sealed, hot or HotCells(), answers or HotAnswers())
        """Of closed cells of its hot days."""
        self.answers = DayAnswers(cursor, sealed, lambda: self.cells.hot)
        """Of its closed days."""
        self.before_part: Callable[[], None] = lambda: None
        """Called before what a closed day or cell says is read from its rows."""
        self.preparing = False
        """Whether it is read for what is kept, and nobody waits for the answer."""

    @property
    def source_maps(self) -> Path:
        """Where the files of source maps lie; see store/source_maps.py."""
        return self._sealed.parent / SOURCE_MAPS_FOLDER

    def detail_files(
        self, sites: list[str], first: date, last: date, *, rest: bool = False
    ) -> list[str]:
        """The sealed files of events of `sites`, days `first` to `last` inclusive.

        Only sessions in the site's sample, unless `rest`. Bind to `$files` of `events_in($files)`.
        """
        contents = ["sample", "rest"] if rest else ["sample"]
        return self._files("detail", contents, sites, first, last)

    def summary_files(self, sites: list[str], first: date, last: date) -> list[str]:
        """The sealed files of session summaries; bind to `$files` of `summaries_in($files)`."""
        return self._files("summaries", ["summaries"], sites, first, last)

    def frame(
        self,
        query: str,
        parameters: Mapping[str, Any] | None = None,
        tables: Mapping[str, pa.Table] | None = None,
    ) -> pd.DataFrame:
        """The rows of a query as a pandas frame. Times are naive UTC. The query may also read
        `tables`, each by its name."""
        with known_as(self._cursor, tables or {}):
            return self._cursor.execute(query, dict(parameters or {})).df()

    def columns(
        self, query: str, parameters: Mapping[str, Any] | None = None
    ) -> dict[str, NDArray[Any]]:
        """The columns of a query of numbers, none of them NULL, as arrays of their types."""
        found = self._cursor.execute(query, dict(parameters or {})).fetchnumpy()
        return {name: np.asarray(column) for name, column in found.items()}

    def arrow(
        self,
        query: str,
        parameters: Mapping[str, Any] | None = None,
        tables: Mapping[str, pa.Table] | None = None,
    ) -> pa.Table:
        """The rows of a query as an Arrow table; see frame()."""
        with known_as(self._cursor, tables or {}):
            return self._cursor.sql(query, params=dict(parameters or {})).to_arrow_table()

    def rows(
        self,
        query: str,
        parameters: Mapping[str, Any] | None = None,
        tables: Mapping[str, pa.Table] | None = None,
    ) -> list[tuple[Any, ...]]:
        """The rows of a small query; see frame()."""
        with known_as(self._cursor, tables or {}):
            return self._cursor.execute(query, dict(parameters or {})).fetchall()

    def _files(
        self, kind: str, contents: list[str], sites: list[str], first: date, last: date
    ) -> list[str]:
        listed = self._cursor.execute(
            "SELECT file FROM sealed_files WHERE list_contains($contents, content)"
            " AND list_contains($sites, site) AND day BETWEEN $first AND $last"
            " AND dropped_at IS NULL ORDER BY file",
            {"contents": contents, "sites": sites, "first": first, "last": last},
        ).fetchall()
        files = [EMPTY_FILES[kind], *(file for (file,) in listed)]
        return [str(self._sealed / file) for file in files]
