"""Locks that say who holds them, and end with their holder however it ends."""

import fcntl
import os
from pathlib import Path
from typing import IO


class HeldError(Exception):
    """Another process has the lock; `pid` is its id, or None when it did not say."""

    def __init__(self, path: Path, pid: int | None) -> None:
        super().__init__(f"{path} is locked by process {pid or 'unknown'}")
        self.path = path
        self.pid = pid


class Lock:
    """An exclusive flock on `path`, whose content is the holder's process id.

    The kernel lets go of it when the process ends, by kill -9 as well; children do not inherit
    it, since Python opens files close-on-exec. Raises HeldError at once when it is taken.
    """

    def __init__(self, path: Path) -> None:
        self._file: IO[str] = path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            pid = self._file.read().strip()
            self._file.close()
            raise HeldError(path, int(pid) if pid.isdigit() else None) from None
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        """Let go. The file stays: removing it could part two holders."""
        self._file.truncate(0)
        self._file.close()
