"""Repairing a database that does not open or cannot be read: the least that helps, nothing lost.

Tried in turn, each on a copy: the file with its write-ahead log; the log without the zeros a power
cut left at its end; the file without its log, whose rows the journal brings back; the newest
backup, or an empty database, with all that can still be read of the damaged file. What was there
is set aside, never removed. Rows and how far the journal was loaded are of one transaction:
wherever a state comes from, loading the journal from its own cursors brings back what came after,
once.
"""

import os
import shutil
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import duckdb
from msgspec import Struct, field, structs

from store.backup_files import (
    BackedFile,
    BackupUnreadableError,
    Manifest,
    chosen_backup,
    read_manifest,
)
from store.database import Database, DatabaseDamagedError, DatabaseLimits
from store.database_files import (
    FILE_NAME,
    current_file,
    next_file,
    point_to,
    sweep_left_over,
    wal_of,
)
from store.restore import check_files
from store.salvage import Salvaged, salvage
from store.sealed_files import SEALED_FOLDER, sync_file
from store.segment import sync_folder
from store.table_sums import table_sums

WORK = "repair"
ASIDE = "damaged-"
LIMITS = DatabaseLimits(memory_limit="1GB")

Say = Callable[[str], None]


class Source(StrEnum):
    """Where the repaired database comes from."""

    SOUND = "sound"
    """Nothing was damaged; nothing was done."""
    LOG_TRIMMED = "log_trimmed"
    LOG_DISCARDED = "log_discarded"
    BACKUP = "backup"
    NOTHING = "nothing"
    """An empty database, and what could be read of the damaged one."""


class Repaired(Struct, frozen=True, kw_only=True):
    """What was found and done. `aside` holds the damaged files, `backup` what was taken instead."""

    source: Source
    aside: Path | None = None
    backup: Path | None = None
    salvaged: Salvaged = field(default_factory=Salvaged)
    missing_files: int = 0
    """Sealed files of the manifest that are not there and in no backup; out of it now."""


def repair_store(
    store: Path, journal_from: datetime | None, now: datetime, backups: Path | None, say: Say
) -> Repaired:
    """Repair the database in `store`; its journal is to be loaded afterwards.

    `journal_from` is when the journal at hand begins, `backups` a backup or a folder of them, `say`
    is told each step in words. Nobody else may have the store. Raises OSError and duckdb.Error; the
    damaged files are then where they were, or beside the copies that were to take their place.
    """
    work = store / WORK
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700)
    damaged = current_file(store)
    try:
        source = _opened_copy(damaged, work, say)
        if source is Source.SOUND:
            return Repaired(source=source, missing_files=_check_sealed(store, None, say))
        candidate, salvaged, backup = work / FILE_NAME, Salvaged(), None
        if source is None:
            backup = _backup_copy(backups, work, say)
            source = Source.BACKUP if backup else Source.NOTHING
            candidate, salvaged = _rebuilt(damaged, work, backup, store, journal_from, now, say)
        aside = _swap(store, damaged, candidate, now)
        say(f"the damaged files are in {aside}")
        return Repaired(
            source=source,
            aside=aside,
            backup=backup,
            salvaged=salvaged,
            missing_files=_check_sealed(store, backup, say),
        )
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _opened_copy(damaged: Path, work: Path, say: Say) -> Source | None:
    """Try the file with its log, with part of it, and without; the copy that is good stays."""
    if not damaged.exists():
        say(f"there is no {damaged.name}")
        return None
    log = wal_of(damaged).read_bytes() if wal_of(damaged).exists() else b""
    trimmed = log.rstrip(b"\0")
    tries = [(Source.SOUND, log, "the database and its write-ahead log")]
    if trimmed and trimmed != log:
        tries.append((Source.LOG_TRIMMED, trimmed, "the log without the zeros at its end"))
    if log:
        tries.append((Source.LOG_DISCARDED, b"", "the database without its log"))
    for source, content, words in tries:
        copy = work / FILE_NAME
        for path in (copy, wal_of(copy)):
            path.unlink(missing_ok=True)
        shutil.copyfile(damaged, copy)
        if content:
            wal_of(copy).write_bytes(content)
        wrong = _unreadable(copy)
        say(f"{words}: {wrong or 'can be read whole'}")
        if not wrong:
            return source
    return None


def _unreadable(file: Path) -> str:
    """Why a database does not open or cannot be read to its end; "" when it can."""
    try:
        with duckdb.connect(str(file), config={"memory_limit": LIMITS.memory_limit}) as connection:
            sums = table_sums(connection.cursor())
            if "migrations" not in sums:
                return "it holds no store"
            connection.execute("CHECKPOINT")
    except duckdb.Error as error:
        return str(error).splitlines()[0][:300]
    return ""


def _backup_copy(backups: Path | None, work: Path, say: Say) -> Path | None:
    """The newest good backup, its database copied into the work folder; None when there is none."""
    if backups is None:
        say("no backup is known: the settings have no [backup] folder, and none was named")
        return None
    try:
        chosen = chosen_backup(backups)
        manifest = read_manifest(chosen)
    except BackupUnreadableError as error:
        say(str(error))
        return None
    files = [file for file in manifest.files if file.path == FILE_NAME]
    if problems := check_files(chosen, _only(manifest, files)):
        say(f"the backup {chosen} is damaged too: {problems[0]}")
        return None
    (work / "rebuilt").mkdir()
    shutil.copyfile(chosen / FILE_NAME, work / "rebuilt" / FILE_NAME)
    say(f"taking the backup {chosen} of {manifest.made_at:%Y-%m-%d %H:%M} UTC")
    return chosen


def _only(manifest: Manifest, files: list[BackedFile]) -> Manifest:
    return structs.replace(manifest, files=files)


def _rebuilt(
    damaged: Path,
    work: Path,
    backup: Path | None,
    store: Path,
    journal_from: datetime | None,
    now: datetime,
    say: Say,
) -> tuple[Path, Salvaged]:
    """A database from the backup, or an empty one, with what can be read of the damaged one."""
    copy = work / "read" / FILE_NAME
    copy.parent.mkdir()
    if damaged.exists():
        shutil.copyfile(damaged, copy)
    folder = work / "rebuilt"
    database = Database(folder, LIMITS)
    try:
        salvaged = salvage(
            database,
            copy if copy.exists() else None,
            store / SEALED_FOLDER,
            backup=backup,
            journal_from=journal_from,
            now=now,
            say=say,
        )
        database.cursor().execute("CHECKPOINT")
    finally:
        database.close()
    return current_file(folder), salvaged


def _swap(store: Path, damaged: Path, candidate: Path, now: datetime) -> Path:
    """Put the candidate in place; what was there goes aside, whole. Returns where to."""
    aside = store / f"{ASIDE}{now:%Y-%m-%dT%H%M%SZ}"
    number = 1
    while aside.exists():
        number += 1
        aside = store / f"{ASIDE}{now:%Y-%m-%dT%H%M%SZ}-{number}"
    aside.mkdir(mode=0o700)
    for path in (damaged, wal_of(damaged)):
        if path.exists():
            os.link(path, aside / path.name)
    sync_folder(aside)
    sync_folder(store)
    file = next_file(store)
    sync_file(candidate)
    candidate.rename(file)
    point_to(store, file)
    sweep_left_over(store)
    return aside


def _check_sealed(store: Path, backup: Path | None, say: Say) -> int:
    """Fetch sealed files that are missing from the backup; the others leave the manifest."""
    try:
        database = Database(store, LIMITS)
    except DatabaseDamagedError as error:
        say(str(error))
        raise
    lost = 0
    try:
        with database.reading() as cursor:
            listed = cursor.execute("SELECT file, site, day FROM sealed_files").fetchall()
        for file, site, day in listed:
            path = database.sealed / file
            if path.exists():
                continue
            kept = backup / SEALED_FOLDER / file if backup else None
            if kept is not None and kept.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(kept, path)
                sync_file(path)
                say(f"{file} was missing; it is back from the backup")
                continue
            with database.transaction() as cursor:
                cursor.execute("DELETE FROM sealed_files WHERE file = $file", {"file": file})
            say(f"{file} is missing: sealed detail of {site}, {day}; reports go on without it")
            lost += 1
    finally:
        database.close()
    return lost
