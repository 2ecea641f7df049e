"""Which file is the database: `vigie.duckdb`, or, once rewritten, the one it points to.

A rewritten database gets a name of its own (`vigie-3.duckdb`) and `vigie.duckdb` becomes a symbolic
link to it. So each has a write-ahead log of its own, and replacing the link is the whole swap: at
any kill the link points to a whole file with the log that belongs to it. DuckDB also knows an open
file by its resolved name, and would hand out the old one again under the same name.
"""

import os
import re
from pathlib import Path

from store.segment import sync_folder

FILE_NAME = "vigie.duckdb"
RESTORING = "restoring"
"""Stands in a store while a backup is restored into it, until it is whole."""
_REWRITTEN = re.compile(r"vigie-(\d+)\.duckdb(\.wal)?(\.tmp)?")


def current_file(folder: Path) -> Path:
    """The database's own file, whether it exists yet or not."""
    return (folder / FILE_NAME).resolve()


def wal_of(file: Path) -> Path:
    """Its write-ahead log."""
    return file.with_name(f"{file.name}.wal")


def next_file(folder: Path) -> Path:
    """A name for the next one, used by no file there."""
    numbers = [int(match[1]) for each in os.listdir(folder) if (match := _REWRITTEN.match(each))]
    return folder / f"vigie-{max(numbers, default=0) + 1}.duckdb"


def point_to(folder: Path, file: Path) -> None:
    """Make `file` the database, at once and durably. Raises OSError."""
    link = folder / f"{FILE_NAME}.next"
    link.unlink(missing_ok=True)
    link.symlink_to(file.name)
    os.replace(link, folder / FILE_NAME)
    sync_folder(folder)


def restored_in_part(folder: Path) -> Path | None:
    """What an interrupted restore left in this store."""
    mark = folder / RESTORING
    return mark if mark.exists() else None


def left_over(folder: Path) -> list[Path]:
    """Files of databases that are not the current one: a rewriting was killed, or just ended."""
    current = current_file(folder)
    keep = {current.name, wal_of(current).name}
    found = [folder / name for name in os.listdir(folder) if _REWRITTEN.fullmatch(name)]
    if (folder / FILE_NAME).is_symlink():
        found.append(folder / f"{FILE_NAME}.wal")
    found.append(folder / f"{FILE_NAME}.next")
    return [path for path in found if path.name not in keep and path.is_symlink() | path.exists()]


def sweep_left_over(folder: Path) -> int:
    """Remove them, when nobody has them open; returns how many. Raises OSError."""
    paths = left_over(folder)
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)
