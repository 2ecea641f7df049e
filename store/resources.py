"""How large everything is that an installation keeps, now and over the last months."""

import os
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict

from store.database import Database
from store.database_files import wal_of
from store.day_answers import ANSWERS_FOLDER
from store.replay_writer import REPLAYS_FOLDER
from store.times import naive

KEPT = timedelta(days=90)
"""Samples, one an hour."""
TEMP_FOLDER = "temp"

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(?:([KMGT])(i)?)?B")


class Sizes(Struct, frozen=True, kw_only=True):
    """Bytes on disk. `disk_free_bytes` and `disk_bytes` are of the disk of the store;
    `backups_here`: backups are on it too;
    `sealed_bytes` has what is kept of sealed days' answers, too."""

    database_bytes: int
    wal_bytes: int
    temp_bytes: int
    journal_bytes: int
    sealed_bytes: int
    replays_bytes: int
    backups_bytes: int
    backups_here: bool
    disk_free_bytes: int
    disk_bytes: int

    @property
    def own_bytes(self) -> int:
        """All of ours on the disk of the store."""
        return (
            self.database_bytes
            + self.wal_bytes
            + self.temp_bytes
            + self.journal_bytes
            + self.sealed_bytes
            + self.replays_bytes
            + (self.backups_bytes if self.backups_here else 0)
        )


def measure(database: Database, journal: Path, backups: str = "") -> Sizes:
    """The sizes now; `backups` is the folder of scheduled ones, "" where none are.

    Raises OSError when the disk cannot be asked; files that go meanwhile count as gone.
    """
    file, folder = database.file, database.folder
    disk = shutil.disk_usage(folder)
    into = Path(backups) if backups else None
    return Sizes(
        database_bytes=_file_bytes(file),
        wal_bytes=_file_bytes(wal_of(file)),
        temp_bytes=folder_bytes(folder / TEMP_FOLDER),
        journal_bytes=folder_bytes(journal),
        sealed_bytes=folder_bytes(database.sealed) + folder_bytes(folder / ANSWERS_FOLDER),
        replays_bytes=folder_bytes(folder / REPLAYS_FOLDER),
        backups_bytes=folder_bytes(into) if into else 0,
        backups_here=into is not None and _same_disk(into, folder),
        disk_free_bytes=disk.free,
        disk_bytes=disk.total,
    )


def note_sizes(database: Database, sizes: Sizes, now: datetime) -> None:
    """Add a sample, and forget those older than KEPT."""
    values = {"sampled_at": naive(now), **asdict(sizes)}
    columns = ", ".join(values)
    bound = ", ".join(f"${name}" for name in values)
    with database.transaction() as cursor:
        cursor.execute(
            f"INSERT INTO resources ({columns}) VALUES ({bound})",  # noqa: S608
            values,
        )
        cursor.execute(
            "DELETE FROM resources WHERE sampled_at < $before", {"before": naive(now - KEPT)}
        )


def hot_rows(database: Database) -> int:
    """Events in the database file, as its catalogue knows: not counted one by one."""
    with database.reading() as cursor:
        row = cursor.execute(
            "SELECT estimated_size FROM duckdb_tables() WHERE table_name = 'events'"
        ).fetchone()
    return int(row[0]) if row else 0


def bytes_of(text: str) -> int:
    """A size as DuckDB writes it ("2GB", "512 MiB"). Raises ValueError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no size")
    number, power, binary = match.groups()
    base: float = 1024.0 if binary else 1000.0
    scale: float = base ** " KMGT".index(power or " ")
    return round(float(number) * scale)


def folder_bytes(folder: Path) -> int:
    """Of all files below it, each once however many names it has; 0 where there is no folder."""
    seen: set[tuple[int, int]] = set()
    total = 0
    waiting = [os.fspath(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                        continue
                    found = entry.stat(follow_symlinks=False)
                    if (found.st_dev, found.st_ino) not in seen:
                        seen.add((found.st_dev, found.st_ino))
                        total += found.st_size
        except FileNotFoundError:
            continue
    return total


def _file_bytes(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _same_disk(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_dev == other.stat().st_dev
    except OSError:
        return False
