"""A copy of the database in another file, made while the database goes on, then brought up to it.

Exception
└── CopyDiffersError   the copy does not hold what the database does

The large tables only grow while a copy is made: nothing in them is ever updated, and who deletes
from them holds `files_lock`, as who copies does. So what came since is what has higher row numbers;
a transaction that stays open keeps DuckDB from numbering rows anew. All other tables are small, and
are copied last, whole, while writers wait.
"""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

from store.database import Database, begun
from store.sealed_files import sync_file
from store.table_sums import catalog_of, table_counts

GROWING = (
    "events",
    "batches",
    "checks",
    "refused",
    "replays",
    "hourly_counts",
    "hourly_attributes",
    "active_hours",
    "error_counts",
    "vital_days",
    "check_runs",
    "check_hours",
)
"""Tables without a bound: rows are inserted and, under `files_lock`, deleted; never updated."""
DELETIONS = "deletions"
"""Of what a copy no longer holds: only rows of since it was begun are copied."""
BESIDE = "rewritten"
"""What the new file is called while it stands beside the old one."""
CATCH_UP_ROWS = 10_000
"""When a round of catching up added no more, the next one may be done while writers wait."""
ROUNDS_MAX = 10
"""Of catching up before writers are made to wait; a round is shorter than the one before."""

_TOUCH = "SELECT count(*) FROM cursors"
"""A transaction sees the database as of its first statement."""


class CopyDiffersError(Exception):
    """A copy of the database does not hold what the database does; nothing was changed."""


class DatabaseCopy:
    """The copy, within its `with`. Made by one thread, which holds `files_lock`.

    Raises OSError and duckdb.Error from each of its steps.
    """

    def __init__(self, database: Database, file: Path) -> None:
        self.deleted_rows = 0
        """Rows deleted since the last rewriting, of which the copy has nothing."""
        self._database = database
        self._file = file
        self._seen = dict.fromkeys((*GROWING, DELETIONS), -1)
        """The highest row number copied, by table."""
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with self._open:
            self._cursor = self._open.enter_context(self._database.reading())
            self._catalog = catalog_of(self._cursor)
            self._cursor.execute(f"ATTACH '{quoted(self._file)}' AS {BESIDE}")
            self._open.callback(self._detach)
            # Of its own: this thread's cursor is needed for transactions that end.
            numbers_kept = self._open.enter_context(contextlib.closing(self._cursor.cursor()))
            numbers_kept.execute("BEGIN")
            numbers_kept.execute(_TOUCH).fetchall()
            self._open = self._open.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def fill(self) -> None:
        """Copy what the large tables hold at one instant, and make it durable."""
        self._cursor.execute(f'COPY FROM DATABASE "{self._catalog}" TO {BESIDE} (SCHEMA)')
        self._note_deletions()
        with self._between_writers():
            self._add()
        self._cursor.execute(f"CHECKPOINT {BESIDE}")
        sync_file(self._file)

    def catch_up(self) -> None:
        """Copy what was added meanwhile, until that is little. Raises CopyDiffersError."""
        wanted, found = (definitions(self._cursor, each) for each in (self._catalog, BESIDE))
        if wanted != found:
            raise CopyDiffersError(f"the copy differs: {found} instead of {wanted}"[:2000])
        for _ in range(ROUNDS_MAX):
            with self._between_writers():
                added = self._add()
            if added <= CATCH_UP_ROWS:
                break

    def finish(self) -> None:
        """With writers held up: copy the rest, compare, and close the file, which is then whole.

        Raises CopyDiffersError.
        """
        with begun(self._cursor):
            self._add()
            for table in table_counts(self._cursor, self._catalog):
                if table not in GROWING:
                    self._insert(table, self._seen.get(table, -1))
        self._compare()
        self._cursor.execute(f"CHECKPOINT {BESIDE}")
        self._detach()

    @contextmanager
    def _between_writers(self) -> Iterator[None]:
        """A transaction that sees a moment at which nobody was committing: none of the rows that
        come to be seen later has a lower number than one seen now."""
        with contextlib.ExitStack() as stack:
            with self._database.gate.closed():
                stack.enter_context(begun(self._cursor))
                self._cursor.execute(_TOUCH).fetchall()
            yield

    def _note_deletions(self) -> None:
        ((last, rows),) = self._cursor.execute(
            f"SELECT max(rowid), coalesce(sum(rows), 0) FROM {DELETIONS}"  # noqa: S608
        ).fetchall()
        self._seen[DELETIONS] = -1 if last is None else last
        self.deleted_rows = int(rows)

    def _add(self) -> int:
        """Copy the large tables' rows of since the last time; returns how many."""
        added = 0
        for table in GROWING:
            seen = self._seen[table]
            ((last, rows),) = self._cursor.execute(
                f"SELECT max(rowid), count(*) FROM {table} WHERE rowid > $seen",  # noqa: S608
                {"seen": seen},
            ).fetchall()
            if rows:
                self._insert(table, seen)
                self._seen[table] = last
                added += rows
        return added

    def _insert(self, table: str, after: int) -> None:
        self._cursor.execute(
            f'INSERT INTO {BESIDE}."{table}" BY NAME'  # noqa: S608
            f' SELECT * FROM "{self._catalog}"."{table}" WHERE rowid > $after',
            {"after": after},
        )

    def _compare(self) -> None:
        """A row of before that is gone shows here: it is in the copy."""
        wanted, found = (table_counts(self._cursor, each) for each in (self._catalog, BESIDE))
        for counts in (wanted, found):
            counts.pop(DELETIONS)  # those noted before are not in the copy, on purpose
        if wanted != found:
            raise CopyDiffersError(f"the copy differs: {found} instead of {wanted}"[:2000])

    def _detach(self) -> None:
        self._cursor.execute(f"DETACH DATABASE IF EXISTS {BESIDE}")


def copy_into(cursor: duckdb.DuckDBPyConnection, catalog: str, beside: str) -> None:
    """Copy all of a database into an empty one that is attached. Raises CopyDiffersError."""
    cursor.execute(f'COPY FROM DATABASE "{catalog}" TO "{beside}"')
    wanted, found = (
        (table_counts(cursor, each), definitions(cursor, each)) for each in (catalog, beside)
    )
    if wanted != found:
        raise CopyDiffersError(f"the copy differs: {found} instead of {wanted}"[:2000])


def definitions(cursor: duckdb.DuckDBPyConnection, catalog: str) -> list[tuple[str, ...]]:
    """The names of its views, macros, sequences with their last value, and indexes."""
    return cursor.execute(
        "SELECT 'view', view_name, '' FROM duckdb_views()"
        " WHERE NOT internal AND database_name = $it"
        " UNION ALL SELECT 'macro', function_name, '' FROM duckdb_functions()"
        " WHERE NOT internal AND database_name = $it"
        " UNION ALL SELECT 'sequence', sequence_name, coalesce(last_value::VARCHAR, '')"
        " FROM duckdb_sequences() WHERE database_name = $it"
        " UNION ALL SELECT 'index', index_name, '' FROM duckdb_indexes() WHERE database_name = $it"
        " ORDER BY ALL",
        {"it": catalog},
    ).fetchall()


def quoted(file: Path) -> str:
    """For within single quotes: ATTACH takes no parameter."""
    return str(file).replace("'", "''")
