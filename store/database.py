"""The DuckDB file: opened by one owner, migrated, read through one cursor per thread."""

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from msgspec import Struct

from store.migration import migrate, migrations
from store.readers import Readers
from store.sealed_files import COLUMNS, EMPTY_FILES, SEALED_FOLDER
from store.snapshot import Snapshot

FILE_NAME = "vigie.duckdb"
CHECKPOINT_WAL = "64MB"
"""Write-ahead log before a checkpoint. At DuckDB's 16 MB loading costs a quarter more."""


class DatabaseLimits(Struct, frozen=True, kw_only=True):
    """What DuckDB may use: memory and temporary space as DuckDB writes them ("2GB"), threads."""

    memory_limit: str = "2GB"
    threads: int = 2
    temp_limit: str = "10GB"


class DatabaseBusyError(Exception):
    """Another process owns the database file; ask it, through its API, instead of the file."""


class Database:
    """The store's one connection, its cursors and its snapshots.

    A connection shared by threads gives wrong results, so each thread gets a cursor of its own.
    Whoever adds or removes sealed files holds `files_lock`: sealing, retention, sweeping.
    """

    def __init__(self, folder: Path, limits: DatabaseLimits | None = None) -> None:
        """Open, or create, the database in `folder` and migrate it.

        Raises DatabaseBusyError when another process has it, NewerDatabaseError when a newer
        program wrote it.
        """
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.sealed = folder / SEALED_FOLDER
        self.sealed.mkdir(exist_ok=True)
        self.files_lock = threading.RLock()
        self.readers = Readers()
        self.dropped: dict[str, int] = {}
        """Sealed files out of reports, still on disk, with the mark of the readers to wait for."""
        self._threads = threading.local()
        self._connection = _connect(folder, limits or DatabaseLimits())
        try:
            # Only here: given to connect() it fails. Cursors made later inherit it.
            self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
            migrate(self.cursor(), migrations())
            self._write_empty_files()
        except BaseException:
            self._connection.close()
            raise

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """This thread's cursor."""
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._threads, "cursor", None)
        if cursor is None:
            cursor = self._connection.cursor()
            self._threads.cursor = cursor
        return cursor

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """BEGIN on this thread's cursor; COMMIT at the end, ROLLBACK on any error."""
        cursor = self.cursor()
        cursor.execute("BEGIN")
        try:
            yield cursor
        except BaseException:
            # After a fatal error there is nothing left to roll back; the first error is the news.
            with contextlib.suppress(duckdb.Error):
                cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One consistent view of hot rows and sealed files, for all queries of one report.

        Its files stay on disk until it ends, whatever is dropped meanwhile.
        """
        with self.readers.reading(), self.transaction() as cursor:
            yield Snapshot(cursor, self.sealed)

    def close(self) -> None:
        self._connection.close()

    def _write_empty_files(self) -> None:
        """The files with a schema and no rows that stand in every list of sealed files."""
        relations = {
            "detail": "events",
            "summaries": "(SELECT *, 1.0::DOUBLE AS inclusion FROM hot_summaries())",
        }
        for kind, file in EMPTY_FILES.items():
            path = self.sealed / file
            path.parent.mkdir(parents=True, exist_ok=True)
            self.cursor().execute(
                f"COPY (SELECT {COLUMNS[kind]} FROM {relations[kind]} LIMIT 0)"  # noqa: S608
                " TO $path (FORMAT parquet)",
                {"path": str(path)},
            )


def _connect(folder: Path, limits: DatabaseLimits) -> duckdb.DuckDBPyConnection:
    file = folder / FILE_NAME
    try:
        return duckdb.connect(
            str(file),
            config={
                "memory_limit": limits.memory_limit,
                "threads": limits.threads,
                "temp_directory": str(folder / "temp"),
                "max_temp_directory_size": limits.temp_limit,
                "autoinstall_known_extensions": False,
                "checkpoint_threshold": CHECKPOINT_WAL,
            },
        )
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise DatabaseBusyError(
                f"{file} is open in another process: ask the running console instead"
                " (vigie report does), or stop it first"
            ) from error
        raise
