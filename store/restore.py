"""Restoring a backup, into an empty store or into scratch to see whether it can be."""

import os
import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import duckdb
import msgspec
from msgspec import Struct

from store.backup import DATA_FOLDER, Progress, no_progress
from store.backup_files import (
    SCRATCH,
    VERIFIED,
    Manifest,
    Verified,
    read_manifest,
    sha256_of,
)
from store.database import Database, DatabaseDamagedError, DatabaseLimits
from store.database_files import FILE_NAME, RESTORING, restored_in_part
from store.sealed_files import SEALED_FOLDER, sync_file
from store.segment import sync_folder
from store.snapshot import SOURCE_MAPS_FOLDER
from store.table_sums import table_sums

RESTORED = "restored"
"""Stands in a restored store until what was erased since is erased again."""
DISK_FOLDER = "lost+found"
"""What a new disk has by itself."""
STEPS = ("begun", "placed", "ended")
"""Of restoring a store, in order."""
VERIFY_LIMITS = DatabaseLimits(memory_limit="500MB", threads=1)


class ProblemKind(StrEnum):
    """How a backup departs from its manifest."""

    MISSING = "missing"
    """A file of the manifest is not there."""
    CHANGED = "changed"
    """A file has another size or checksum than when the backup was made."""
    DIFFERS = "differs"
    """A table does not hold what the manifest says."""
    UNREADABLE = "unreadable"
    """The database or a sealed file cannot be read."""


class Problem(Struct, frozen=True):
    """One departure, and of what."""

    kind: ProblemKind
    what: str

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.what}"


class NotEmptyError(Exception):
    """There is a store already where a backup should be restored to."""


def check_files(
    folder: Path, manifest: Manifest, progress: Progress = no_progress
) -> list[Problem]:
    """Files that are not as they were when the backup was made."""
    problems, done = [], 0
    for file in manifest.files:
        path = folder / file.path
        try:
            if path.stat().st_size != file.bytes or sha256_of(path) != file.sha256:
                problems.append(Problem(ProblemKind.CHANGED, file.path))
        except OSError:
            problems.append(Problem(ProblemKind.MISSING, file.path))
        done += file.bytes
        progress(done, manifest.bytes, f"checked {file.path}")
    return problems


def refuse_unless_empty(store: Path) -> None:
    """What an interrupted restore left counts as nothing. Raises NotEmptyError."""
    if not store.exists() or restored_in_part(store):
        return
    if any(path.name != DISK_FOLDER for path in store.iterdir()):
        raise NotEmptyError(f"{store} is not empty; restore into another folder")


def restore_store(
    folder: Path,
    store: Path,
    manifest: Manifest,
    progress: Progress = no_progress,
    *,
    step: Callable[[str], None] = lambda name: None,
) -> None:
    """Copy a backup's store into `store`, which must be empty, and may be a disk's mount point.

    Raises NotEmptyError and OSError. Killed at any moment it leaves no store, or one marked with
    RESTORING that nothing opens and that is restored anew, or the whole one; in that stands
    RESTORED, until who restores has done the rest. `step` is called with the name of each of STEPS
    after it, for tests that stop there.
    """
    store = store.resolve()
    refuse_unless_empty(store)
    store.mkdir(parents=True, exist_ok=True, mode=0o700)
    sync_folder(store.parent)
    for mark in (RESTORING, RESTORED):
        (store / mark).touch(0o600)
        sync_folder(store)
    step("begun")
    # What is there from a restore before is written over; of another backup it is swept later.
    _place(folder, store, manifest, _copy, progress)
    step("placed")
    (store / RESTORING).unlink()
    sync_folder(store)
    step("ended")


def end_restore(store: Path) -> None:
    """The store is as it should be: what was erased since the backup is erased again."""
    (store / RESTORED).unlink(missing_ok=True)
    sync_folder(store)


def verify_backup(folder: Path, now: datetime, progress: Progress = no_progress) -> list[Problem]:
    """Restore into scratch beside the backup, compare all of it, and note what came of it.

    Raises BackupUnreadableError and OSError.
    """
    manifest = read_manifest(folder)
    problems = check_files(folder, manifest, progress)
    if not problems:
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder.parent) as scratch:
            store = Path(scratch) / "store"
            _place(folder, store, manifest, _link_or_copy, no_progress)
            problems = _compare(store, manifest)
    verified = Verified(verified_at=now, problems=[str(problem) for problem in problems])
    beside = folder / f"{VERIFIED}.new"
    beside.write_bytes(msgspec.json.encode(verified))
    os.replace(beside, folder / VERIFIED)
    return problems


def _place(
    folder: Path,
    store: Path,
    manifest: Manifest,
    place: Callable[[Path, Path], None],
    progress: Progress,
) -> None:
    done = 0
    for file in manifest.files:
        if not file.path.startswith(f"{DATA_FOLDER}/"):
            target = store / file.path
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if file.path == FILE_NAME:
                _copy(folder / file.path, target)
            else:
                place(folder / file.path, target)
        done += file.bytes
        progress(done, manifest.bytes, f"restored {file.path}")
    for each in [store, *(path for path in store.rglob("*") if path.is_dir())]:
        sync_folder(each)


def _compare(store: Path, manifest: Manifest) -> list[Problem]:
    """What a restored store holds, against the manifest; then whether Vigie can use it."""
    problems = []
    try:
        with duckdb.connect(str(store / FILE_NAME), config={"memory_limit": "500MB"}) as cursor:
            found = table_sums(cursor)
            for table in sorted(manifest.tables.keys() | found.keys()):
                wanted, is_ = manifest.tables.get(table), found.get(table)
                if wanted != is_:
                    problems.append(Problem(ProblemKind.DIFFERS, f"{table}: {is_}, not {wanted}"))
            sealed = cursor.execute(
                "SELECT file, rows FROM sealed_files WHERE dropped_at IS NULL"
            ).fetchall()
            problems += _compare_sealed(cursor, store / SEALED_FOLDER, sealed)
            if "source_maps" in found:  # which stores of before did not have
                problems += _compare_source_maps(cursor, store / SOURCE_MAPS_FOLDER)
        Database(store, VERIFY_LIMITS).close()
    except (duckdb.Error, DatabaseDamagedError) as error:
        problems.append(Problem(ProblemKind.UNREADABLE, f"{FILE_NAME}: {error}"[:500]))
    return problems


def _compare_sealed(
    cursor: duckdb.DuckDBPyConnection, folder: Path, sealed: list[tuple[str, int]]
) -> list[Problem]:
    problems = []
    for file, wanted in sealed:
        try:
            rows = cursor.execute(
                "SELECT count(*), max(hash(each)) FROM read_parquet($path) AS each",
                {"path": str(folder / file)},
            ).fetchall()
        except duckdb.Error as error:
            problems.append(Problem(ProblemKind.UNREADABLE, f"{file}: {error}"[:500]))
            continue
        if rows[0][0] != wanted:
            problems.append(
                Problem(ProblemKind.DIFFERS, f"{file}: {rows[0][0]} rows, not {wanted}")
            )
    return problems


def _compare_source_maps(cursor: duckdb.DuckDBPyConnection, folder: Path) -> list[Problem]:
    rows = cursor.execute("SELECT path, map, script FROM source_maps ORDER BY ALL").fetchall()
    return [
        Problem(ProblemKind.MISSING, f"{SOURCE_MAPS_FOLDER}/{name}.gz, the map or script of {path}")
        for path, *names in rows
        for name in names
        if name and not (folder / f"{name}.gz").exists()
    ]


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o600)
    sync_file(target)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        _copy(source, target)
