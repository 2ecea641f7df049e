"""The DuckDB file: opened by one owner, migrated, read through one cursor per thread.

Exception
├── DatabaseBusyError      another process has the file
└── DatabaseDamagedError   it cannot be opened; `vigie repair`
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from msgspec import Struct

from store.database_files import (
    FILE_NAME,
    current_file,
    point_to,
    restored_in_part,
    sweep_left_over,
)
from store.gate import Gate
from store.hot_answers import HotAnswers
from store.hot_cells import HotCells
from store.migration import migrations
from store.readers import Readers
from store.rehearsal import migrate_safely
from store.sealed_files import COLUMNS, EMPTY_FILES, SEALED_FOLDER
from store.snapshot import Snapshot

CHECKPOINT_WAL = "64MB"
"""Write-ahead log before a checkpoint. At DuckDB's 16 MB loading costs a quarter more."""


_log = logging.getLogger(__name__)

__all__ = [
    "FILE_NAME",
    "Database",
    "DatabaseBusyError",
    "DatabaseDamagedError",
    "DatabaseLimits",
]


class DatabaseLimits(Struct, frozen=True, kw_only=True):
    """What DuckDB may use: memory and temporary space as DuckDB writes them ("2GB"), threads."""

    memory_limit: str = "2GB"
    threads: int = 2
    temp_limit: str = "10GB"


class DatabaseBusyError(Exception):
    """Another process owns the database file; ask it, through its API, instead of the file."""


class DatabaseDamagedError(Exception):
    """The database cannot be opened: the file or its write-ahead log is damaged, or the disk is."""


class _Opened:
    """One opening of one file; `users` are under way in it. Guarded by the database's lock."""

    def __init__(self, file: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.file = file
        self.connection = connection
        self.hot = HotCells()
        self.users = 0
        self.broken = False
        """DuckDB will answer nothing any more: a fatal error."""
        self.superseded = False
        """A rewritten file took its place; closed with its last user."""


class Database:
    """The store's one connection, its cursors and its snapshots.

    A connection shared by threads gives wrong results, so each thread gets a cursor of its own.
    Whoever adds or removes sealed files, or deletes from a large table, holds `files_lock`:
    sealing, retention, sweeping, erasing. All writing is done in `transaction()`: there it waits
    for the end of rewriting the file, and after a fatal error of DuckDB's the next one, or the next
    reader, opens the file again.
    """

    def __init__(self, folder: Path, limits: DatabaseLimits | None = None) -> None:
        """Open, or create, the database in `folder` and migrate it.

        Raises DatabaseBusyError when another process has it, NewerDatabaseError when a newer
        program wrote it, MigrationFailedError when it cannot be migrated, DatabaseDamagedError
        when it cannot be opened.
        """
        folder = folder.resolve()
        if restored_in_part(folder):
            raise DatabaseDamagedError(
                f"a restore of {folder} was interrupted: run vigie restore again,"
                " or remove what is in that folder"
            )
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.sealed = folder / SEALED_FOLDER
        self.sealed.mkdir(exist_ok=True)
        self.limits = limits or DatabaseLimits()
        self.files_lock = threading.RLock()
        self.segments_lock = threading.Lock()
        """Held while a segment of the journal is removed, or replaced by one with blanks."""
        self.gate = Gate()
        self.readers = Readers()
        self.dropped: dict[str, int] = {}
        """Sealed files out of reports, still on disk, with the mark of the readers to wait for."""
        self.reopened = 0
        """How often a fatal error made us open the file again."""
        self.commits = 0
        """Transactions committed: while it stands, every question has the answer it had."""
        self.hot_answers = HotAnswers()
        self._threads = threading.local()
        self._lock = threading.RLock()
        self._opened = self._open(current_file(folder))
        try:
            migrate_safely(self.cursor(), self._opened.file, migrations())
            sweep_left_over(folder)
            self._write_empty_files()
        except BaseException:
            self._opened.connection.close()
            raise

    @property
    def file(self) -> Path:
        """The database's own file now."""
        return self._opened.file

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """This thread's cursor, for one statement that reads; see `reading` and `transaction`."""
        with self._lock:
            return self._cursor(self._current())

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """This thread's cursor, whose file stays open until the end whatever takes its place."""
        with self._using() as opened:
            yield self._cursor(opened)

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """BEGIN on this thread's cursor; COMMIT at the end, ROLLBACK on any error."""
        with self.gate.passing(), self._using() as opened, begun(self._cursor(opened)) as cursor:
            yield cursor
        with self._lock:
            self.commits += 1

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """One consistent view of hot rows and sealed files, for all queries of one report.

        Its files stay on disk until it ends, whatever is dropped meanwhile.
        """
        with (
            self.readers.reading(),
            self._using() as opened,
            begun(self._cursor(opened)) as cursor,
        ):
            yield Snapshot(cursor, self.sealed, opened.hot, self.hot_answers)

    def switch_to(self, file: Path, pointed: Callable[[], None] = lambda: None) -> None:
        """Make `file`, which holds the same, the database, and go on in it; with the gate closed.

        Who is reading the file of before finishes there; it is closed and removed with the last.
        `pointed` is called once a restart would find `file`. Raises OSError and
        DatabaseDamagedError: the database is then as it was.
        """
        fresh = self._open(file)
        try:
            point_to(self.folder, file)
        except OSError:
            # Once the link is there, what is written to the old file is lost at a restart.
            if current_file(self.folder) != file:
                fresh.connection.close()
                raise
            _log.exception("%s is the database, but that may not outlive a power cut", file)
        pointed()
        # Or whoever lets go of it last writes its log into a file that nobody will read.
        self._opened.connection.execute("PRAGMA disable_checkpoint_on_shutdown")
        with self._lock:
            before, self._opened = self._opened, fresh
            before.superseded = True
            unused = self._take_unused(before)
        self._discard(unused)

    def close(self) -> None:
        with self._lock:
            self._opened.connection.close()

    def _open(self, file: Path) -> _Opened:
        connection = _connect(self.folder, file, self.limits)
        # Only here: given to connect() it fails. Cursors made later inherit it.
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        # Sealed files never change: what stands at their ends is read once, not at every question.
        connection.execute("SET GLOBAL parquet_metadata_cache = true")
        return _Opened(file, connection)

    def _current(self) -> _Opened:
        """The one to use; opened again after a fatal error. Raises DatabaseDamagedError."""
        if self._opened.broken:
            _log.warning("opening %s again after a fatal error", self._opened.file)
            self._opened.connection.close()
            self._opened = self._open(self._opened.file)
            self.reopened += 1
        return self._opened

    def _cursor(self, opened: _Opened) -> duckdb.DuckDBPyConnection:
        known: tuple[_Opened, duckdb.DuckDBPyConnection] | None
        known = getattr(self._threads, "cursor", None)
        if known is None or known[0] is not opened:
            known = (opened, opened.connection.cursor())
            self._threads.cursor = known
        return known[1]

    @contextmanager
    def _using(self) -> Iterator[_Opened]:
        with self._lock:
            opened = self._current()
            opened.users += 1
        try:
            yield opened
        except duckdb.FatalException:
            opened.broken = True
            raise
        finally:
            with self._lock:
                opened.users -= 1
                unused = self._take_unused(opened)
            self._discard(unused)

    def _take_unused(self, opened: _Opened) -> _Opened | None:
        """It, when its file is not the database any more and nobody is in it; once."""
        if not opened.superseded or opened.users:
            return None
        opened.superseded = False
        return opened

    def _discard(self, unused: _Opened | None) -> None:
        """Close what `_take_unused` gave; not under the lock, which all wait for."""
        if unused is not None:
            unused.connection.close()
            sweep_left_over(self.folder)

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


@contextmanager
def begun(cursor: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """BEGIN; COMMIT at the end, ROLLBACK on any error."""
    cursor.execute("BEGIN")
    try:
        yield cursor
    except BaseException:
        # After a fatal error there is nothing left to roll back; the first error is the news.
        with contextlib.suppress(duckdb.Error):
            cursor.execute("ROLLBACK")
        raise
    cursor.execute("COMMIT")


def _connect(folder: Path, file: Path, limits: DatabaseLimits) -> duckdb.DuckDBPyConnection:
    temporary = folder / "temp" / file.stem  # of its own: files in it have fixed names
    with contextlib.suppress(OSError):  # a disk that refuses it is told of by what opens the file
        temporary.parent.mkdir(exist_ok=True)  # DuckDB makes the last folder only, when it spills
    try:
        return duckdb.connect(
            str(file),
            config={
                "memory_limit": limits.memory_limit,
                "threads": limits.threads,
                "temp_directory": str(temporary),
                "max_temp_directory_size": limits.temp_limit,
                "autoinstall_known_extensions": False,
                "checkpoint_threshold": CHECKPOINT_WAL,
            },
        )
    except duckdb.Error as error:
        if "lock" in str(error).lower():
            raise DatabaseBusyError(
                f"{file} is open in another process: ask the running console instead"
                " (vigie report does), or stop it first"
            ) from error
        raise DatabaseDamagedError(
            f"{file} cannot be opened ({str(error).splitlines()[0][:300]}): unless the disk is full"
            " or read-only, stop Vigie and run vigie repair"
        ) from error
