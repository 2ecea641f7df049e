"""The DuckDB file: opened by one owner, migrated, read through one cursor per thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import duckdb
from msgspec import Struct

from store.snapshot import Snapshot

FILE_NAME = "vigie.duckdb"
SEALED_FOLDER = "sealed"


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
    """

    def __init__(self, folder: Path, limits: DatabaseLimits | None = None) -> None:
        """Open, or create, the database in `folder` and migrate it.

        Raises DatabaseBusyError when another process has it.
        """
        limits = limits or DatabaseLimits()
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.sealed = folder / SEALED_FOLDER
        self.sealed.mkdir(exist_ok=True)
        self._threads = threading.local()
        try:
            self._connection = duckdb.connect(
                str(folder / FILE_NAME),
                config={
                    "memory_limit": limits.memory_limit,
                    "threads": limits.threads,
                    "temp_directory": str(folder / "temp"),
                    "max_temp_directory_size": limits.temp_limit,
                    "autoinstall_known_extensions": False,
                },
            )
        except duckdb.IOException as error:
            if "lock" in str(error).lower():
                raise DatabaseBusyError(str(folder / FILE_NAME)) from error
            raise
        self._migrate()
        self._write_empty_files()

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
            cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One consistent view of hot rows and sealed files, for all queries of one report."""
        with self.transaction() as cursor:
            yield Snapshot(cursor, self.sealed)

    def close(self) -> None:
        self._connection.close()

    def _migrate(self) -> None:
        cursor = self.cursor()
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS migrations"
            " (number INTEGER PRIMARY KEY, name VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)"
        )
        done = {number for (number,) in cursor.execute("SELECT number FROM migrations").fetchall()}
        for entry in sorted(
            (e for e in resources.files("store.migrations").iterdir() if e.name.endswith(".sql")),
            key=lambda e: e.name,
        ):
            number = int(entry.name.split("_")[0])
            if number in done:
                continue
            with self.transaction() as migrating:
                migrating.execute(entry.read_text("utf-8"))
                migrating.execute(
                    "INSERT INTO migrations VALUES ($number, $name, $applied_at)",
                    {
                        "number": number,
                        "name": entry.name,
                        "applied_at": datetime.now(UTC).replace(tzinfo=None),
                    },
                )

    def _write_empty_files(self) -> None:
        """The files with a schema and no rows that stand in every list of sealed files."""
        for content, relation in (
            ("detail", "events"),
            ("summaries", "(SELECT *, 1.0::DOUBLE AS inclusion FROM hot_summaries())"),
        ):
            path = self.sealed / f"empty-{content}" / "site=none" / "day=1970-01-01" / "0.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            self.cursor().execute(
                f"COPY (SELECT * EXCLUDE (site, day) FROM {relation} LIMIT 0)"  # noqa: S608
                f" TO '{path}' (FORMAT parquet)"
            )
