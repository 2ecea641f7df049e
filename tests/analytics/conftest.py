"""A store of a test's own, and short ways to put records into its tables."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pytest

from store.database import Database
from store.snapshot import Snapshot

Answer = TypeVar("Answer")

CHECK = {
    "location": "here",
    "lag_ms": 0.0,
    "outcome": "ok",
    "verdict": "good",
    "interval_ms": 60_000,
    "timeout_ms": 10_000,
    "redirects": 0,
    "generated": False,
}
DEFINITION = {
    "location": "here",
    "url": "http://127.0.0.1/",
    "interval_ms": 60_000,
    "timeout_ms": 10_000,
    "confirm_after": 2,
    "recover_after": 1,
    "paused": False,
    "removed": False,
    "definition": "{}",
    "generated": False,
}
EVENT = {
    "site": "shop",
    "batch": 1 << 20,
    "position": 0,
    "kind": "view",
    "view": 1,
    "page": "/",
    "bot": False,
    "generated": False,
}


class Store:
    """The tables of an empty database, filled row by row from defaults."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder)

    def clear(self) -> None:
        for table in ("checks", "monitor_definitions", "events", "hourly_counts", "refused"):
            self.database.cursor().execute(f"DELETE FROM {table}")

    def checks(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._insert("checks", [{**CHECK, "started": row["due"], **row} for row in rows])

    def definitions(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._insert(
            "monitor_definitions", [{**DEFINITION, "name": row["monitor"], **row} for row in rows]
        )

    def events(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Rows need `session` (32 hex digits) and `time`; the bucket is the session's."""
        self._insert(
            "events",
            [
                {
                    **EVENT,
                    "day": row["time"].date(),
                    "client_time": row["time"],
                    "received": row["time"],
                    "bucket": int(row["session"][-8:], 16),
                    **row,
                }
                for row in rows
            ],
        )

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self._insert(table, rows)

    def ask(self, question: Callable[[Snapshot], Answer]) -> Answer:
        with self.database.snapshot() as snapshot:
            return question(snapshot)

    def _insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        frame = pd.DataFrame([{key: _plain(value) for key, value in row.items()} for row in rows])
        cursor = self.database.cursor()
        cursor.register("rows_to_insert", frame)
        cursor.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows_to_insert")
        cursor.unregister("rows_to_insert")


def _plain(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store")
    yield store
    store.database.close()


@pytest.fixture(scope="module")
def shared_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all examples of a module; clear it first."""
    store = Store(tmp_path_factory.mktemp("shared") / "store")
    yield store
    store.database.close()
