"""Rows on their way into the database: built by the round, inserted by Arrow, bad ones left out."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import duckdb
import pyarrow as pa

from store.columns import UNSTORABLE, Tables
from store.journal_round import Failure, FailureReason, Placed

R = TypeVar("R")

CONFLICTS = {"replays": "ON CONFLICT DO NOTHING"}
"""What becomes of rows whose key is stored already, by table; a batch's is not left to this, which
costs an index as large as the table."""


class Rows:
    """What one transaction inserts. A record no table can hold becomes a failure, and costs only
    itself: halves are tried again until it stands alone."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self._chunks: list[Tables] = []

    def build(
        self, placed: Sequence[Placed[R]], tables_of: Callable[[Sequence[R]], Tables]
    ) -> list[R]:
        """Add the rows of `placed`; returns the records they hold."""
        if not placed:
            return []
        records = [entry.record for entry in placed]
        try:
            self._chunks.append(tables_of(records))
        except UNSTORABLE:
            if len(placed) == 1:
                bad = placed[0]
                self.failures.append(Failure(bad.segment, bad.position, FailureReason.UNSTORABLE))
                return []
            middle = len(placed) // 2
            return self.build(placed[:middle], tables_of) + self.build(placed[middle:], tables_of)
        return records

    def insert(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Insert all that was built, a table at once, and let go of it. Raises duckdb.Error."""
        while self._chunks:
            name = next(iter(self._chunks[0]))
            chunks = [tables.pop(name) for tables in self._chunks if name in tables]
            self._chunks = [tables for tables in self._chunks if tables]
            insert(cursor, name, _in_one_piece(chunks), CONFLICTS.get(name, ""))


def _in_one_piece(chunks: list[pa.Table]) -> pa.Table:
    """One table of the chunks, which are let go of: of pieces DuckDB makes row groups of their own,
    and then again of them all. Columns of NULLs alone have no need of memory."""
    rows = pa.concat_tables(chunks)
    columns = dict(zip(rows.column_names, rows.columns, strict=True))
    chunks.clear()
    del rows
    whole = {}
    while columns:
        name, column = columns.popitem()
        empty = column.null_count == len(column)
        whole[name] = pa.nulls(len(column)) if empty else column.combine_chunks()
    return pa.table(whole)


def insert(
    cursor: duckdb.DuckDBPyConnection, table: str, rows: pa.Table, conflict: str = ""
) -> None:
    """INSERT rows into one of our tables, columns by name. Raises duckdb.Error."""
    if not rows.num_rows:
        return
    cursor.register("rows_to_insert", rows)
    try:
        cursor.execute(
            f"INSERT INTO {table} BY NAME SELECT * FROM rows_to_insert {conflict}"  # noqa: S608
        )
    finally:
        cursor.unregister("rows_to_insert")
