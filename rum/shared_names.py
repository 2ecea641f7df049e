"""The names that sites brought today, in a file that all collectors of a data folder share.

So a day's cap is one cap, however many collectors there are and however often one starts anew. The
file holds a digest of each name, and goes when its day is over. Two collectors that take the last
place at the same moment both have it.
"""

import logging
import os
from hashlib import blake2b
from pathlib import Path

GROUP_BYTES = 4
NAME_BYTES = 12
RECORD_BYTES = GROUP_BYTES + NAME_BYTES
DAYS_KEPT = 1
"""Before today: clocks are set back."""

log = logging.getLogger("vigie.collector")


class SharedNames:
    """Of one collector, for one thread. Without its file it goes on in memory alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._day = -1
        self._read = 0
        self._groups: dict[bytes, set[bytes]] = {}
        self._failed = False

    def take(self, day: int, group: str, name: str, names_max: int) -> bool:
        """Whether the name is among the group's of that day, counted from 1970, or took a place."""
        try:
            self._catch_up(day)
        except OSError as error:
            self._tell(error)
        key, digest = _digest(group, GROUP_BYTES), _digest(f"{group}\0{name}", NAME_BYTES)
        known = self._groups.setdefault(key, set())
        if digest in known:
            return True
        if len(known) >= names_max:
            return False
        known.add(digest)
        try:
            self._append(key + digest)
        except OSError as error:
            self._tell(error)
        return True

    def _catch_up(self, day: int) -> None:
        """Take in what any collector added since."""
        if day != self._day:
            self._day, self._read, self._groups = day, 0, {}
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._sweep()
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            return
        if size - self._read < RECORD_BYTES:
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            added = file.read(size - self._read)
        whole = len(added) // RECORD_BYTES * RECORD_BYTES
        for at in range(0, whole, RECORD_BYTES):
            key, digest = added[at : at + GROUP_BYTES], added[at + GROUP_BYTES : at + RECORD_BYTES]
            self._groups.setdefault(key, set()).add(digest)
        self._read += whole

    def _append(self, record: bytes) -> None:
        # Whole or not at all, whoever else appends: so short a write is one step of the kernel's.
        descriptor = os.open(
            self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            os.write(descriptor, record)
        finally:
            os.close(descriptor)

    def _sweep(self) -> None:
        for path in self._folder.iterdir():
            if path.name.isdigit() and int(path.name) < self._day - DAYS_KEPT:
                path.unlink(missing_ok=True)

    @property
    def _path(self) -> Path:
        return self._folder / str(self._day)

    def _tell(self, error: OSError) -> None:
        if not self._failed:
            log.warning("names of the day are counted by each collector for itself: %s", error)
        self._failed = True


def _digest(text: str, size: int) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()
