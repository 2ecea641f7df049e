"""Funnels saved in the console: kept in the data folder, as its monitors are.

One file, replaced as a whole and written by whoever holds its lock.
"""

import fcntl
import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from vigie.folders import DataFolder, write_atomically
from vigie.own_monitors import RESTORABLE, Change, UnreadableError

FILE = "funnels.json"
LOCK_FILE = "funnels.lock"
FUNNELS_MAX = 200
REMOVED_MAX = 200
NAME_CHARS_MAX = 100


class SavedFunnel(Struct, frozen=True, kw_only=True):
    """A funnel by name. `steps`, `exclude` and `by` are in words, as requests have them."""

    id: str
    name: str
    site: str
    steps: str
    order: str = "ordered"
    exclude: str = ""
    unit: str = "session"
    window_minutes: float = 60.0
    by: str = ""
    owner: str = ""

    def params(self) -> dict[str, str]:
        """The funnel as a request asks for it."""
        params = {
            "site": self.site,
            "steps": self.steps,
            "order": "" if self.order == "ordered" else self.order,
            "exclude": self.exclude,
            "unit": "" if self.unit == "session" else self.unit,
            "window_minutes": f"{self.window_minutes:g}",
            "by": self.by,
        }
        return {name: value for name, value in params.items() if value}

    @property
    def definition(self) -> str:
        """A digest of what its counts depend on, which its name is not."""
        parts = (self.steps, self.order, self.exclude, self.unit, f"{self.window_minutes:g}")
        return hashlib.sha256("\n".join((self.site, *parts)).encode()).hexdigest()[:16]


class OwnFunnel(Struct, frozen=True, kw_only=True):
    """`version` tells two edits of it apart."""

    funnel: SavedFunnel
    version: int
    edited: datetime


class RemovedFunnel(Struct, frozen=True, kw_only=True):
    funnel: SavedFunnel
    removed: datetime


class OwnFunnels(Struct, frozen=True, kw_only=True):
    """The content of the file; `changes` counts what was ever done to it."""

    changes: int = 0
    funnels: tuple[OwnFunnel, ...] = ()
    removed: tuple[RemovedFunnel, ...] = ()
    """The latest last."""

    def get(self, id_: str) -> OwnFunnel | None:
        return next((each for each in self.funnels if each.funnel.id == id_), None)

    def free_id(self, name: str) -> str:
        """An id for a funnel of that name, which none has or had of late."""
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48] or "funnel"
        taken = {each.funnel.id for each in self.funnels}
        taken |= {each.funnel.id for each in self.removed}
        number, id_ = 1, slug
        while id_ in taken:
            number += 1
            id_ = f"{slug}-{number}"
        return id_


def own_funnels(folder: DataFolder) -> OwnFunnels:
    """What was saved. Raises UnreadableError."""
    path = _path(folder)
    try:
        return msgspec.json.decode(path.read_bytes(), type=OwnFunnels)
    except FileNotFoundError:
        return OwnFunnels()
    except (OSError, msgspec.DecodeError) as error:
        raise UnreadableError(f"{path} cannot be read ({error}); restore or remove it") from None


def add(folder: DataFolder, funnel: SavedFunnel, now: datetime) -> Change:
    """Take a new one in."""

    def change(known: OwnFunnels) -> OwnFunnels | Change:
        if known.get(funnel.id):
            return Change.TAKEN
        if len(known.funnels) >= FUNNELS_MAX:
            return Change.TOO_MANY
        return structs.replace(known, funnels=(*known.funnels, _entry(known, funnel, now)))

    return _change(folder, change, now)


def edit(folder: DataFolder, funnel: SavedFunnel, version: int, now: datetime) -> Change:
    """Put `funnel` in the place of the one of its id, if that is still at `version`."""

    def change(known: OwnFunnels) -> OwnFunnels | Change:
        if (before := known.get(funnel.id)) is None:
            return Change.GONE
        if before.version != version:
            return Change.OUTDATED
        entry = _entry(known, funnel, now)
        kept = (entry if each is before else each for each in known.funnels)
        return structs.replace(known, funnels=tuple(kept))

    return _change(folder, change, now)


def remove(folder: DataFolder, id_: str, now: datetime) -> Change:
    """Take it out; `restore` has it back for RESTORABLE."""

    def change(known: OwnFunnels) -> OwnFunnels | Change:
        if (before := known.get(id_)) is None:
            return Change.GONE
        removed = (*known.removed, RemovedFunnel(funnel=before.funnel, removed=now))
        return structs.replace(
            known,
            funnels=tuple(each for each in known.funnels if each is not before),
            removed=removed[-REMOVED_MAX:],
        )

    return _change(folder, change, now)


def restore(folder: DataFolder, id_: str, now: datetime) -> Change:
    """Have a removed one back as it was."""

    def change(known: OwnFunnels) -> OwnFunnels | Change:
        before = next((each for each in known.removed if each.funnel.id == id_), None)
        if before is None or now - before.removed > RESTORABLE:
            return Change.GONE
        if len(known.funnels) >= FUNNELS_MAX:
            return Change.TOO_MANY
        return structs.replace(
            known,
            funnels=(*known.funnels, _entry(known, before.funnel, now)),
            removed=tuple(each for each in known.removed if each is not before),
        )

    return _change(folder, change, now)


def restorable(known: OwnFunnels, now: datetime) -> tuple[SavedFunnel, ...]:
    """Those that can still be had back, the latest first."""
    kept = [each.funnel for each in known.removed if now - each.removed <= RESTORABLE]
    return tuple(reversed(kept))


def _path(folder: DataFolder) -> Path:
    return folder.root / FILE


def _entry(known: OwnFunnels, funnel: SavedFunnel, now: datetime) -> OwnFunnel:
    return OwnFunnel(funnel=funnel, version=known.changes + 1, edited=now)


def _change(
    folder: DataFolder, change: Callable[[OwnFunnels], OwnFunnels | Change], now: datetime
) -> Change:
    """Read, change and write under the lock, so that no change is lost to another made at once."""
    with _locked(folder):
        known = own_funnels(folder)
        changed = change(known)
        if isinstance(changed, Change):
            return changed
        kept = tuple(each for each in changed.removed if now - each.removed <= RESTORABLE)
        changed = structs.replace(changed, changes=known.changes + 1, removed=kept)
        content = msgspec.json.format(msgspec.json.encode(changed), indent=1)
        write_atomically(_path(folder), content, mode=0o600)
        return Change.DONE


@contextmanager
def _locked(folder: DataFolder) -> Iterator[None]:
    with (folder.run / LOCK_FILE).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
