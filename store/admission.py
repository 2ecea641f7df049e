"""Whether the journal may grow: room on the disk, and a loader not too far behind."""

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

from store.segment import segments

PROGRESS_FILE = "progress"
MEASURE_EVERY_S = 1.0


class Unavailable(StrEnum):
    """Why a record cannot be made durable now."""

    WRITE_FAILED = "write_failed"
    """Writing or fdatasync failed; a new segment is tried every second."""
    QUEUE_FULL = "queue_full"
    """More waits for the disk than memory is set aside for."""
    DISK_LOW = "disk_low"
    BACKLOG_FULL = "backlog_full"
    """The loader is too far behind."""
    CLOSED = "closed"


class Admission:
    """Measured at most once a second, whoever asks: call it for the reason not to write, or None.

    The backlog is what of the segments the loader has not yet loaded, by the progress it writes.
    """

    def __init__(
        self,
        journal_folder: Path,
        disk_free_bytes_min: int,
        backlog_bytes_max: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` gives seconds of a monotonic clock."""
        self._folder = journal_folder
        self.disk_free_bytes_min = disk_free_bytes_min
        self.backlog_bytes_max = backlog_bytes_max
        self._clock = clock
        self._measured_at: float | None = None
        self._reason: Unavailable | None = None
        self.disk_free_bytes = 0
        self.backlog_bytes = 0

    def __call__(self) -> Unavailable | None:
        now = self._clock()
        if self._measured_at is None or now - self._measured_at >= MEASURE_EVERY_S:
            self._measured_at = now
            self._reason = self._measure()
        return self._reason

    def _measure(self) -> Unavailable | None:
        try:
            self.disk_free_bytes = shutil.disk_usage(self._folder).free
            self.backlog_bytes = backlog_bytes(self._folder)
        except OSError:  # a folder that cannot be read will not take a record either
            return Unavailable.WRITE_FAILED
        if self.disk_free_bytes < self.disk_free_bytes_min:
            return Unavailable.DISK_LOW
        if self.backlog_bytes > self.backlog_bytes_max:
            return Unavailable.BACKLOG_FULL
        return None


def backlog_bytes(folder: Path) -> int:
    """Bytes of the journal not yet loaded. Raises OSError."""
    loaded = read_progress(folder)
    return sum(max(0, segment.bytes - loaded.get(segment.name, 0)) for segment in segments(folder))


def write_progress(folder: Path, loaded: Mapping[str, int]) -> None:
    """Record, for other processes, how many bytes of each segment are loaded. Raises OSError.

    `loaded` holds every segment still in the folder; the file is replaced whole.
    """
    temporary = folder / f"{PROGRESS_FILE}.new"
    temporary.write_text(json.dumps(dict(loaded)), "utf-8")
    os.replace(temporary, folder / PROGRESS_FILE)


def read_progress(folder: Path) -> dict[str, int]:
    """What `write_progress` wrote; empty where there is no such file yet."""
    try:
        loaded = json.loads((folder / PROGRESS_FILE).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    if not isinstance(loaded, dict):
        return {}
    return {name: position for name, position in loaded.items() if isinstance(position, int)}
