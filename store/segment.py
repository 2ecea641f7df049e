"""Segments, the files of the journal: their names, order and creation."""

import os
import re
from pathlib import Path

from msgspec import Struct

SEGMENT_BYTES_MAX = 64 * 1024 * 1024
SUFFIX = ".journal"

_WRITER = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_NAME = re.compile(r"(?P<writer>[a-z0-9][a-z0-9._-]{0,99})-(?P<start>\d{20})\.journal")


class Segment(Struct, frozen=True, kw_only=True):
    """One file of one writer. Only a writer's `last` segment can still grow."""

    name: str
    """The file's name; what cursors and progress call it."""
    path: Path
    writer: str
    start_us: int
    bytes: int
    last: bool


def segments(folder: Path) -> list[Segment]:
    """The segments in `folder` by writer and start; none when it does not exist."""
    found: list[tuple[str, int, int, str]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if match := _NAME.fullmatch(entry.name):
                    try:
                        size = entry.stat().st_size
                    except FileNotFoundError:  # retired since the folder was listed
                        continue
                    found.append((match["writer"], int(match["start"]), size, entry.name))
    except FileNotFoundError:
        return []
    found.sort()
    return [
        Segment(
            name=name,
            path=folder / name,
            writer=writer,
            start_us=start_us,
            bytes=size,
            last=index + 1 == len(found) or found[index + 1][0] != writer,
        )
        for index, (writer, start_us, size, name) in enumerate(found)
    ]


def check_writer_name(writer: str) -> str:
    """The name, when it can stand in a file's name. Raises ValueError otherwise."""
    if not _WRITER.fullmatch(writer):
        raise ValueError(
            f"a journal writer's name is 1 to 100 of a-z, 0-9, '.', '_' and '-', not {writer!r}"
        )
    return writer


def create_segment(folder: Path, writer: str, start_us: int) -> tuple[int, Path]:
    """A new, empty segment of `writer`, durable in its folder; its descriptor, to append, and path.

    It starts at `start_us`, or just after the writer's newest segment where the clock went back:
    readers take the newest one for the one that grows. Raises OSError.
    """
    starts = [segment.start_us for segment in segments(folder) if segment.writer == writer]
    start_us = max([start_us, *(start + 1 for start in starts)])
    path = folder / f"{writer}-{start_us:020d}{SUFFIX}"
    descriptor = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600
    )
    try:
        sync_folder(folder)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor, path


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte, however many calls it takes. Raises OSError; a part may then be written."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
