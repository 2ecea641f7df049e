"""What the console's users enter and keep: monitors, funnels, journeys, a file of each in the data
folder.

Each file is replaced as a whole and written by whoever holds its lock; every process may read it.
"""

import fcntl
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct, structs

from vigie.folders import DataFolder, write_atomically

RESTORABLE = timedelta(days=7)
"""How long a removed thing can be had back."""
REMOVED_MAX = 200
ID_CHARS_MAX = 48

Signature = tuple[int, int, int]


class Change(StrEnum):
    """What came of a change asked for."""

    DONE = "done"
    TAKEN = "taken"
    """Another of the console's has this id."""
    GONE = "gone"
    """There is no such thing, or no longer."""
    OUTDATED = "outdated"
    """Somebody else changed it since it was read."""
    TOO_MANY = "too_many"


class UnreadableError(Exception):
    """The file cannot be read or is not what was written."""


class Thing(Protocol):
    """What can be kept."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Thing)


class Own(Struct, Generic[T], frozen=True, kw_only=True):
    """A thing of the console; `version` tells two edits of it apart, `before` is what it was before
    the last of them."""

    thing: T
    version: int
    edited: datetime
    before: T | None = None


class Removed(Struct, Generic[T], frozen=True, kw_only=True):
    thing: T
    removed: datetime


class Kept(Struct, Generic[T], frozen=True, kw_only=True):
    """The content of a file; `changes` counts what was ever done to it."""

    changes: int = 0
    things: tuple[Own[T], ...] = ()
    removed: tuple[Removed[T], ...] = ()
    """The latest last."""

    def get(self, id_: str) -> Own[T] | None:
        return next((each for each in self.things if each.thing.id == id_), None)

    def names(self) -> dict[str, str]:
        """Of all of them by id, the removed ones too."""
        removed = {each.thing.id: each.thing.name for each in self.removed}
        return removed | {each.thing.id: each.thing.name for each in self.things}

    def restorable(self, now: datetime) -> tuple[Removed[T], ...]:
        """Those that can still be had back, the latest first."""
        return tuple(each for each in self.removed[::-1] if now - each.removed <= RESTORABLE)


class OwnThings(Generic[T]):
    """One kind of thing and its file, which calls them by `noun`: {"changes", "monitors":
    [{"monitor", "version", "edited", "before"}], "removed": [{"monitor", "removed"}]}."""

    def __init__(
        self,
        noun: str,
        kept: type[Kept[T]],
        most: int,
        as_kept: Callable[[T], T] = lambda thing: thing,
    ) -> None:
        """`as_kept` makes of a thing that is entered what is kept of it."""
        self.noun = noun
        self.most = most
        self.file = f"{noun}s.json"
        self._kept = kept
        self._as_kept = as_kept

    def read(self, folder: DataFolder) -> Kept[T]:
        """What the console's users entered. Raises UnreadableError."""
        path = self._path(folder)
        try:
            document = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
            return msgspec.convert(_renamed(document, self.noun, "thing"), self._kept)
        except FileNotFoundError:
            return self._kept()
        except (OSError, msgspec.DecodeError) as error:
            said = f"{path} cannot be read ({error}); restore or remove it"
            raise UnreadableError(said) from None

    def signature(self, folder: DataFolder) -> Signature:
        """Changes whenever the file does; costs one look at its entry."""
        try:
            status = self._path(folder).stat()
        except OSError:
            return (0, 0, 0)
        return (status.st_ino, status.st_mtime_ns, status.st_size)

    def add(self, folder: DataFolder, thing: T, now: datetime) -> Change:
        """Take a new one in."""

        def change(known: Kept[T]) -> Kept[T] | Change:
            return self._with(known, thing, now)

        return self._change(folder, change, now)

    def edit(self, folder: DataFolder, thing: T, version: int, now: datetime) -> Change:
        """Put `thing` in the place of the one of its id, if that is still at `version`."""

        def change(known: Kept[T]) -> Kept[T] | Change:
            if (before := known.get(thing.id)) is None:
                return Change.GONE
            if before.version != version:
                return Change.OUTDATED
            return self._in_place(known, before, thing, now)

        return self._change(folder, change, now)

    def alter(
        self, folder: DataFolder, id_: str, altered: Callable[[T], T], now: datetime
    ) -> Change:
        """Put what `altered` makes of it in its place, whatever its version."""

        def change(known: Kept[T]) -> Kept[T] | Change:
            if (before := known.get(id_)) is None:
                return Change.GONE
            thing = altered(before.thing)
            return known if thing == before.thing else self._in_place(known, before, thing, now)

        return self._change(folder, change, now)

    def undo(self, folder: DataFolder, id_: str, version: int, now: datetime) -> Change:
        """Have it as it was before its last edit, which `version` names."""

        def change(known: Kept[T]) -> Kept[T] | Change:
            if (own := known.get(id_)) is None or own.before is None:
                return Change.GONE
            if own.version != version:
                return Change.OUTDATED
            return self._in_place(known, own, own.before, now)

        return self._change(folder, change, now)

    def remove(self, folder: DataFolder, id_: str, now: datetime) -> Change:
        """Take it out; `restore` has it back for RESTORABLE."""

        def change(known: Kept[T]) -> Kept[T] | Change:
            if (before := known.get(id_)) is None:
                return Change.GONE
            removed = [each for each in known.removed if each.thing.id != id_]
            removed.append(Removed(thing=before.thing, removed=now))
            return structs.replace(
                known,
                things=tuple(each for each in known.things if each is not before),
                removed=tuple(removed[-REMOVED_MAX:]),
            )

        return self._change(folder, change, now)

    def restore(self, folder: DataFolder, id_: str, now: datetime) -> Change:
        """Have a removed one back as it was."""

        def change(known: Kept[T]) -> Kept[T] | Change:
            before = next((each for each in known.restorable(now) if each.thing.id == id_), None)
            if before is None:
                return Change.GONE
            removed = tuple(each for each in known.removed if each is not before)
            return self._with(structs.replace(known, removed=removed), before.thing, now)

        return self._change(folder, change, now)

    def _path(self, folder: DataFolder) -> Path:
        return folder.root / self.file

    def _with(self, known: Kept[T], thing: T, now: datetime) -> Kept[T] | Change:
        if known.get(thing.id):
            return Change.TAKEN
        if len(known.things) >= self.most:
            return Change.TOO_MANY
        own = Own(thing=self._as_kept(thing), version=known.changes + 1, edited=now)
        return structs.replace(known, things=(*known.things, own))

    def _in_place(self, known: Kept[T], before: Own[T], thing: T, now: datetime) -> Kept[T]:
        own = Own(
            thing=self._as_kept(thing),
            version=known.changes + 1,
            edited=now,
            before=before.thing,
        )
        things = tuple(own if each is before else each for each in known.things)
        return structs.replace(known, things=things)

    def _change(
        self, folder: DataFolder, change: Callable[[Kept[T]], Kept[T] | Change], now: datetime
    ) -> Change:
        """Read, change and write under the lock, so that no change is lost to another made at
        once."""
        with _locked(folder.run / f"{self.noun}s.lock"):
            known = self.read(folder)
            changed = change(known)
            if isinstance(changed, Change):
                return changed
            if changed is not known:
                kept = tuple(each for each in changed.removed if now - each.removed <= RESTORABLE)
                changed = structs.replace(changed, changes=known.changes + 1, removed=kept)
                document = _renamed(msgspec.to_builtins(changed), "thing", self.noun)
                content = msgspec.json.format(msgspec.json.encode(document), indent=1)
                write_atomically(self._path(folder), content, mode=0o600)
            return Change.DONE


def free_id(name: str, taken: Collection[str], noun: str) -> str:
    """A name as it may stand in an address, with a number where that is `taken`; the noun for one
    of which nothing is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:ID_CHARS_MAX].strip("-") or noun
    number, id_ = 1, slug
    while id_ in taken:
        number += 1
        id_ = f"{slug}-{number}"
    return id_


def _renamed(document: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """The document of a file with its things called otherwise; what is not as written stays so,
    for whoever converts it to tell."""

    def entry(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {new if key == old else key: part for key, part in value.items()}

    return {
        f"{new}s" if key == f"{old}s" else key: [entry(each) for each in value]
        if isinstance(value, list | tuple)
        else value
        for key, value in document.items()
    }


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
