"""Tombstones: who was erased, as keyed hashes, so that nothing brings them back.

Neither a retry does, nor the journal, nor a backup.

    DATA/tombstones      one JSON object a line, appended to, never edited

A session's tombstone holds for good: its id is random and is not used again. A user's holds for
what was received up to the erasure: who comes back later begins anew. The file stands beside the
database and not in it, because it must outlive one that is restored or rebuilt.
"""

import hmac
import os
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

from rum.records import Batch
from store.segment import sync_folder, write_all

FILE_NAME = "tombstones"
DIGEST_DIGITS = 32


class Subject(StrEnum):
    """What of a site was erased."""

    SESSION = "session"
    USER = "user"


class Tombstone(Struct, frozen=True, kw_only=True):
    """`digest` is a keyed hash of the site and the session id or user key, 32 hex digits."""

    subject: Subject
    digest: str
    erased_us: int
    receipt: str


class Tombstones:
    """The tombstones of one data folder; read once, added to by erasures of the same process.

    Asking is cheap while there are none, and one keyed hash a record where there are some.
    """

    def __init__(self, path: Path, secret: bytes) -> None:
        """`path` need not exist yet. Raises OSError, and ValueError for a line that is no
        tombstone: without it something erased could come back."""
        self.path = path
        self._key = tombstones_key(secret)
        self._sessions: set[str] = set()
        self._users: dict[str, int] = {}
        for stone in read_tombstones(path):
            self._remember(stone)

    def add(
        self,
        subject: Subject,
        site: str,
        values: Iterable[str],
        *,
        erased_us: int,
        receipt: str,
    ) -> None:
        """Make tombstones durable, then hold to them. Raises OSError; then none is held to."""
        stones = [
            Tombstone(
                subject=subject,
                digest=self.digest(subject, site, value),
                erased_us=erased_us,
                receipt=receipt,
            )
            for value in values
        ]
        append_tombstones(self.path, stones)
        for stone in stones:
            self._remember(stone)

    def covers_user(self, site: str, user: str, received_us: int) -> bool:
        """Whether the user key was erased after something was received then."""
        if not self._users:
            return False
        return received_us <= self._users.get(self.digest(Subject.USER, site, user), -1)

    def user_erased_us(self, site: str, user: str) -> int | None:
        """When the user key was erased, in microseconds; None when it never was."""
        return self._users.get(self.digest(Subject.USER, site, user)) if self._users else None

    def any(self) -> bool:
        """Whether anything was ever erased here."""
        return bool(self._sessions or self._users)

    def digest(self, subject: Subject, site: str, value: str) -> str:
        return digest_of(self._key, subject, site, value)

    def covers(self, batch: Batch) -> bool:
        """Whether the batch belongs to somebody who was erased after it was received."""
        if self.covers_session(batch.site, batch.session):
            return True
        return bool(batch.user) and self.covers_user(batch.site, batch.user, batch.received_us)

    def covers_session(self, site: str, session: str) -> bool:
        """Whether the session, 32 hex digits, was erased."""
        if not self._sessions:
            return False
        return self.digest(Subject.SESSION, site, session) in self._sessions

    def _remember(self, stone: Tombstone) -> None:
        if stone.subject is Subject.SESSION:
            self._sessions.add(stone.digest)
        else:
            self._users[stone.digest] = max(stone.erased_us, self._users.get(stone.digest, -1))


def tombstones_key(secret: bytes) -> bytes:
    """The key of their hashes, from the data folder's secret."""
    return hmac.digest(secret, b"tombstones", "sha256")


def digest_of(key: bytes, subject: Subject, site: str, value: str) -> str:
    """What stands for whom was erased: 32 hex digits."""
    text = "\0".join((subject, site, value)).encode()
    return hmac.digest(key, text, "sha256").hex()[:DIGEST_DIGITS]


def read_tombstones(path: Path) -> list[Tombstone]:
    """The file's tombstones; none when there is no file. Raises OSError and ValueError.

    A last line without its end was never acknowledged, and is left out.
    """
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    stones = []
    for number, line in enumerate(lines, start=1):
        try:
            stones.append(msgspec.json.decode(line, type=Tombstone))
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise ValueError(f"{path}, line {number}, is no tombstone: {error}") from error
    return stones


def append_tombstones(path: Path, stones: Sequence[Tombstone]) -> None:
    """Add lines to the file, durably. Raises OSError."""
    if not stones:
        return
    new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # What an interrupted append left without its end goes, or it would spoil the next line.
        kept = _whole_lines_bytes(descriptor)
        os.ftruncate(descriptor, kept)
        os.lseek(descriptor, kept, os.SEEK_SET)
        write_all(descriptor, b"".join(msgspec.json.encode(stone) + b"\n" for stone in stones))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        sync_folder(path.parent)


def merge_tombstones(source: Path, target: Path) -> int:
    """Add to `target` what only `source` holds; returns how many. Raises OSError, ValueError.

    For a restored data folder: what was erased since the backup must not come back with it.
    """
    known = set(read_tombstones(target))
    missing = [stone for stone in read_tombstones(source) if stone not in known]
    append_tombstones(target, missing)
    return len(missing)


def _whole_lines_bytes(descriptor: int) -> int:
    content = b""
    while chunk := os.read(descriptor, 1024 * 1024):
        content += chunk
    return content.rfind(b"\n") + 1
