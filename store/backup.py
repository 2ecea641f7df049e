"""Backing up a store that runs: one instant of the database, and the files that go with it."""

import contextlib
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import duckdb
import msgspec

from store.backup_files import (
    MANIFEST,
    UNFINISHED,
    VERSION,
    BackedFile,
    Backup,
    Manifest,
    TableSum,
    backups_in,
    folder_for,
    read_manifest,
    sha256_of,
)
from store.database import Database
from store.database_copy import copy_into, quoted
from store.database_files import FILE_NAME
from store.sealed_files import SEALED_FOLDER, sync_file
from store.segment import sync_folder
from store.snapshot import SOURCE_MAPS_FOLDER
from store.table_sums import catalog_of, table_sums

BESIDE = "backup_copy"
"""What the copy is called while it is written."""
REPLAYS_FOLDER = "replays"
DATA_FOLDER = "data"
STEPS = ("begun", "database copied", "files taken", "manifest written", "renamed")
"""Of a backup, in order; a kill before the last leaves none, and after it a whole one."""
FREE_BYTES_MIN = 64 * 1024 * 1024

Progress = Callable[[int, int, str], None]
"""Called with bytes done, bytes in all, and what is being done."""


class NoRoomError(OSError):
    """The disk of the backups has no room for another one."""


def no_progress(done: int, total: int, what: str) -> None:
    """The progress nobody looks at."""


def back_up(
    database: Database,
    into: Path,
    now: datetime,
    *,
    more_files: Mapping[str, Path] | None = None,
    progress: Progress = no_progress,
    step: Callable[[str], None] = lambda name: None,
) -> Backup:
    """Make a backup in a folder of its own in `into`. Loading and reports go on meanwhile.

    `more_files` are files of no store (settings, secret), by the name they get. A sealed file or a
    replay that the newest backup has is linked to it, not copied. `step` is called with the name of
    each of STEPS after it, for tests that stop there. Raises OSError, duckdb.Error and
    CopyDiffersError; what was written then is removed at the next `expire_backups`.
    """
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    final = folder_for(into, now)
    with database.readers.reading():
        work = into / f"{UNFINISHED}{final.name}"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(mode=0o700)
        files = _Files(database, into, work, progress)
        files.check_room(more_files or {})
        step("begun")
        taken = _copy_database(database, work)
        step("database copied")
        files.add(work / FILE_NAME, FILE_NAME)
        for path in taken.sealed:
            files.take(database.sealed / path, f"{SEALED_FOLDER}/{path}")
        for kept in (REPLAYS_FOLDER, SOURCE_MAPS_FOLDER):
            for source in sorted((database.folder / kept).rglob("*")):
                if source.is_file():
                    with contextlib.suppress(FileNotFoundError):  # its term ended meanwhile
                        files.take(source, source.relative_to(database.folder).as_posix())
        for name, source in (more_files or {}).items():
            if source.exists():
                files.take(source, f"{DATA_FOLDER}/{name}", link=False)
    step("files taken")
    manifest = Manifest(
        version=VERSION,
        made_at=now,
        duckdb=duckdb.__version__,
        migration=taken.migration,
        positions=taken.positions,
        tables=taken.tables,
        files=files.added,
    )
    (work / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    sync_file(work / MANIFEST)
    for folder in [work, *(path for path in work.rglob("*") if path.is_dir())]:
        sync_folder(folder)
    step("manifest written")
    work.rename(final)
    step("renamed")
    sync_folder(into)
    return Backup(folder=final, made_at=now, bytes=manifest.bytes)


class _Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What the instant of the database says of itself."""

    migration: int
    positions: dict[str, int]
    tables: dict[str, TableSum]
    sealed: list[str]


def _copy_database(database: Database, work: Path) -> _Taken:
    with database.reading() as cursor:
        catalog = catalog_of(cursor)
        cursor.execute(f"ATTACH '{quoted(work / FILE_NAME)}' AS {BESIDE}")
        try:
            cursor.execute("BEGIN")
            try:
                taken = _Taken(
                    migration=cursor.execute("SELECT max(number) FROM migrations").fetchall()[0][0],
                    positions=dict(
                        cursor.execute("SELECT segment, position FROM cursors").fetchall()
                    ),
                    tables=table_sums(cursor),
                    sealed=[
                        file
                        for (file,) in cursor.execute(
                            "SELECT file FROM sealed_files WHERE dropped_at IS NULL ORDER BY file"
                        ).fetchall()
                    ],
                )
                copy_into(cursor, catalog, BESIDE)
            except BaseException:
                with contextlib.suppress(duckdb.Error):
                    cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")
        finally:
            cursor.execute(f"DETACH {BESIDE}")
    (work / FILE_NAME).chmod(0o600)
    return taken


class _Files:
    """The files of one backup as they are added."""

    def __init__(self, database: Database, into: Path, work: Path, progress: Progress) -> None:
        self._store = database.folder
        self._work = work
        self._progress = progress
        self._done = 0
        self._total = database.file.stat().st_size + sum(
            path.stat().st_size
            for folder in (SEALED_FOLDER, REPLAYS_FOLDER, SOURCE_MAPS_FOLDER)
            for path in (self._store / folder).rglob("*")
            if path.is_file()
        )
        self._database_bytes = database.file.stat().st_size
        known = backups_in(into)
        self._before = known[-1].folder if known else None
        self._known = (
            {file.path: file for file in read_manifest(self._before).files} if self._before else {}
        )
        self.added: list[BackedFile] = []

    def check_room(self, more_files: Mapping[str, Path]) -> None:
        """Raises NoRoomError when what is new does not fit."""
        new = self._total - sum(
            file.bytes for file in self._known.values() if (self._store / file.path).exists()
        )
        wanted = max(new, self._database_bytes) + FREE_BYTES_MIN
        free = shutil.disk_usage(self._work).free
        if free < wanted:
            raise NoRoomError(
                f"{self._work.parent} has {free:,} bytes free; this backup needs {wanted:,}"
            )

    def add(self, path: Path, name: str, sha256: str = "") -> None:
        """A file that stands in the work folder already."""
        size = path.stat().st_size
        self.added.append(BackedFile(path=name, bytes=size, sha256=sha256 or sha256_of(path)))
        self._done += size
        self._progress(self._done, max(self._total, self._done), name)

    def take(self, source: Path, name: str, *, link: bool = True) -> None:
        """Link it to the backup before, where that has it, or copy it. Raises OSError."""
        target = self._work / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        known = self._known.get(name) if link else None
        if known is not None and self._before is not None and _same_size(source, known):
            with contextlib.suppress(OSError):  # a file system without links: copied like others
                os.link(self._before / name, target)
                self.add(target, name, known.sha256)
                return
        shutil.copyfile(source, target)
        target.chmod(0o600)
        sync_file(target)
        self.add(target, name)


def _same_size(source: Path, known: BackedFile) -> bool:
    return source.stat().st_size == known.bytes
