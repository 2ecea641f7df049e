"""Tombstones as other processes know them: read again when their file has changed, bounded."""

import logging
import os
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import msgspec

from store.tombstones import Subject, Tombstone, digest_of, tombstones_key

SESSIONS_MAX = 100_000
"""The newest; a browser goes on with a session for hours, not for years."""
DIGESTS_CACHED_MAX = 8_192
LOOK_EVERY_S = 1.0

_log = logging.getLogger(__name__)


class TombstoneWatch:
    """The erased sessions of a data folder, by the file its console adds to. Asks at most once a
    second whether it has grown. An unreadable file is logged, and what was known holds: the loader
    refuses what is erased in any case, only later."""

    def __init__(
        self,
        path: Path,
        secret: bytes,
        *,
        sessions_max: int = SESSIONS_MAX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` gives seconds of a monotonic clock."""
        self._path = path
        self._sessions_max = sessions_max
        self._clock = clock
        self._key = tombstones_key(secret)
        self._sessions: dict[bytes, None] = {}
        self._seen: tuple[int, int, int] = (0, 0, 0)
        self._read_to = 0
        self._look_at = 0.0
        self._digest = lru_cache(maxsize=DIGESTS_CACHED_MAX)(self._find_digest)
        self._look()

    def any(self) -> bool:
        if self._clock() >= self._look_at:
            self._look()
        return bool(self._sessions)

    def covers_session(self, site: str, session: str) -> bool:
        return bool(self._sessions) and self._digest(site, session) in self._sessions

    def __len__(self) -> int:
        return len(self._sessions)

    def _find_digest(self, site: str, session: str) -> bytes:
        return bytes.fromhex(digest_of(self._key, Subject.SESSION, site, session))

    def _look(self) -> None:
        self._look_at = self._clock() + LOOK_EVERY_S
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            return
        except OSError as error:
            _log.error("the tombstones cannot be looked at: %s", error)
            return
        seen = (status.st_ino, status.st_size, status.st_mtime_ns)
        if seen == self._seen:
            return
        if status.st_ino != self._seen[0] or status.st_size < self._read_to:
            self._read_to = 0  # another file: a restore has merged two
        try:
            self._read()
        except (OSError, ValueError) as error:
            _log.error("the tombstones cannot be read: %s", error)
            return
        self._seen = seen

    def _read(self) -> None:
        with self._path.open("rb") as file:
            file.seek(self._read_to)
            for line in file:
                if not line.endswith(b"\n"):
                    break  # still being written
                stone = msgspec.json.decode(line, type=Tombstone)
                self._read_to += len(line)
                if stone.subject is Subject.SESSION:
                    digest = bytes.fromhex(stone.digest)
                    self._sessions.pop(digest, None)
                    self._sessions[digest] = None
        while len(self._sessions) > self._sessions_max:
            del self._sessions[next(iter(self._sessions))]
