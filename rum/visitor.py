"""Sessions of storage-free mode: what one visitor does in one day, known by no id of theirs.

A keyed hash of address, user agent and site stands for them. Its key is 32 random bytes of that UTC
day, in a file that all collectors of the data folder share, and that is gone two days later: from
then on nobody can find out whose session it was.
"""

import hmac
import logging
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

SALT_BYTES = 32
DAYS_KEPT = 2
"""Before today: a batch may be a day late, and be a retry."""
SESSION_DIGITS = 32

_DAY_US = 86_400_000_000

log = logging.getLogger("vigie.collector")


class DaySalts:
    """The salts of the last days, in files of `folder`, one a day; in memory alone without one."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._salts: dict[int, bytes] = {}
        self._swept_day = 0

    def salt(self, day: int, now_us: int) -> bytes | None:
        """The salt of a day, counted from 1970; None for one whose salt is gone, or is not due.

        Raises OSError when it cannot be kept.
        """
        today = now_us // _DAY_US
        if not today - DAYS_KEPT < day <= today + 1:  # clocks are a little ahead, too
            return None
        if today != self._swept_day:
            self.sweep(now_us)
        salt = self._salts.get(day)
        if salt is None:
            salt = self._salts[day] = self._shared(day)
        return salt

    def _shared(self, day: int) -> bytes:
        """The day's salt as all collectors have it: whoever comes first makes it."""
        if self._folder is None:
            return secrets.token_bytes(SALT_BYTES)
        path = self._folder / _name(day)
        try:
            return _read(path)
        except FileNotFoundError:
            pass
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = self._folder / f"{_name(day)}.{secrets.token_hex(6)}"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            try:
                os.write(descriptor, secrets.token_bytes(SALT_BYTES))
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.link(unfinished, path)
        except FileExistsError:  # another collector was quicker
            pass
        finally:
            unfinished.unlink()
        return _read(path)

    def sweep(self, now_us: int) -> None:
        """Destroy what is over: in memory and, for all collectors, on disk. Raises OSError."""
        today = now_us // _DAY_US
        self._swept_day = today
        first_kept = today - DAYS_KEPT + 1
        self._salts = {day: salt for day, salt in self._salts.items() if day >= first_kept}
        if self._folder is None or not self._folder.is_dir():
            return
        for path in self._folder.glob("salt-*"):
            if path.name < _name(first_kept):
                path.unlink(missing_ok=True)
                log.info("the visitors of %s can no longer be told apart", path.name[5:15])


def visitor_session(salt: bytes, site: str, address: str, user_agent: str) -> str:
    """The session (32 hex digits) that stands for a visitor on the day of the salt."""
    told = "\0".join((site, address, user_agent)).encode("utf-8", "surrogatepass")
    return hmac.digest(salt, told, "sha256").hex()[:SESSION_DIGITS]


def day_of(time_us: int) -> int:
    """The UTC day of a time, counted from 1970."""
    return time_us // _DAY_US


def _name(day: int) -> str:
    return f"salt-{datetime.fromtimestamp(day * 86_400, UTC):%Y-%m-%d}"


def _read(path: Path) -> bytes:
    salt = path.read_bytes()
    if len(salt) != SALT_BYTES:
        raise OSError(f"{path} should hold {SALT_BYTES} bytes; remove it")
    return salt
