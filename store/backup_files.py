"""What a backup is on disk: a folder named for its time, with every file, and a manifest.

BACKUPS/2026-03-10T120000Z/
    manifest.json          what is in it, with checksums
    verified.json          the last time it was restored into scratch, and what came of it
    vigie.duckdb           the database, one instant
    sealed/ replays/       as in the store; the same file as in the backup before, where it is
    source_maps/           likewise
    data/                  the settings file, the secret, and what else the data folder holds
"""

import hashlib
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from msgspec import Struct

MANIFEST = "manifest.json"
VERIFIED = "verified.json"
UNFINISHED = "unfinished-"
SCRATCH = "scratch-"
"""Where one is restored to be compared."""
VERSION = 1
_CHUNK_BYTES = 1024 * 1024
_NAME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{6}Z(-\d+)?")


class BackedFile(Struct, frozen=True, kw_only=True):
    """A file of a backup; `path` is within its folder."""

    path: str
    bytes: int
    sha256: str


class TableSum(Struct, frozen=True, kw_only=True):
    """What a table holds: rows, and the sum of their hashes as DuckDB computes them."""

    rows: int
    checksum: str


class Manifest(Struct, frozen=True, kw_only=True):
    """What a backup holds. `positions` says up to which byte of each journal segment."""

    version: int
    made_at: datetime
    duckdb: str
    migration: int
    positions: dict[str, int]
    tables: dict[str, TableSum]
    files: list[BackedFile]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


class Verified(Struct, frozen=True, kw_only=True):
    """That a backup was restored into scratch; `problems` is empty when it equals its manifest."""

    verified_at: datetime
    problems: list[str]


class Backup(Struct, frozen=True, kw_only=True):
    """A finished backup in a folder of backups."""

    folder: Path
    made_at: datetime
    bytes: int
    verified: Verified | None = None


class BackupUnreadableError(Exception):
    """A folder is no backup, or not one that this version can read."""


def read_manifest(folder: Path) -> Manifest:
    """Raises BackupUnreadableError."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise BackupUnreadableError(f"{folder} is no backup: it has no {MANIFEST}") from None
    except (OSError, msgspec.DecodeError) as error:
        raise BackupUnreadableError(f"{folder / MANIFEST} cannot be read: {error}") from error
    if manifest.version > VERSION:
        raise BackupUnreadableError(f"{folder} was made by a newer Vigie; restore it with that one")
    return manifest


def backups_in(folder: Path) -> list[Backup]:
    """The finished backups, oldest first; none when there is no such folder."""
    found = []
    for path in sorted(folder.glob("*")) if folder.is_dir() else []:
        if not _NAME.fullmatch(path.name):
            continue
        try:
            manifest = read_manifest(path)
        except BackupUnreadableError:
            continue
        found.append(
            Backup(
                folder=path,
                made_at=manifest.made_at,
                bytes=manifest.bytes,
                verified=read_verified(path),
            )
        )
    return sorted(found, key=lambda backup: (backup.made_at, backup.folder.name))


def chosen_backup(folder: Path) -> Path:
    """`folder` when it is a backup, else the newest in it. Raises BackupUnreadableError."""
    if (folder / MANIFEST).exists():
        return folder
    found = backups_in(folder)
    if not found:
        raise BackupUnreadableError(f"{folder} holds no backup")
    return found[-1].folder


def read_verified(folder: Path) -> Verified | None:
    try:
        return msgspec.json.decode((folder / VERIFIED).read_bytes(), type=Verified)
    except (OSError, msgspec.DecodeError):
        return None


def folder_for(into: Path, now: datetime) -> Path:
    """The name of a backup made now, taken by none."""
    name = now.astimezone(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    path, number = into / name, 1
    while path.exists():
        number += 1
        path = into / f"{name}-{number}"
    return path


def expire_backups(into: Path, now: datetime, *, keep: int, retention_days: int) -> int:
    """Remove all but the last `keep`, and those that hold what is past its term; the newest stays.

    Also removes what a killed backup or comparison left: none may be under way. Returns how many
    backups went. Raises OSError.
    """
    for prefix in (UNFINISHED, SCRATCH):
        for path in into.glob(f"{prefix}*"):
            shutil.rmtree(path)
    found = backups_in(into)
    too_old = now - timedelta(days=retention_days)
    old = [each for each in found[:-1] if each.made_at < too_old]
    old += [each for each in found[:-keep] if each not in old]
    for each in old:
        shutil.rmtree(each.folder)
    return len(old)


def sha256_of(path: Path) -> str:
    """Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
