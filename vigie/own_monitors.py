"""Monitors entered in the console: kept in the data folder, beside those of the settings file.

One file, replaced as a whole and written by whoever holds its lock; every process reads it, and
the prober looks again each second.
"""

import fcntl
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct, structs

from probes.monitor import Monitor
from vigie.folders import DataFolder, write_atomically
from vigie.settings import Settings

FILE = "monitors.json"
LOCK_FILE = "monitors.lock"
MONITORS_MAX = 1_000
RESTORABLE = timedelta(days=7)
"""How long a removed monitor can be had back."""
REMOVED_MAX = 200


Signature = tuple[int, int, int]

log = logging.getLogger("vigie.monitors")


class OwnMonitor(Struct, frozen=True, kw_only=True):
    """A monitor of the console; `version` tells two edits of it apart."""

    monitor: Monitor
    version: int
    edited: datetime


class RemovedMonitor(Struct, frozen=True, kw_only=True):
    monitor: Monitor
    removed: datetime


class OwnMonitors(Struct, frozen=True, kw_only=True):
    """The content of the file; `changes` counts what was ever done to it."""

    changes: int = 0
    monitors: tuple[OwnMonitor, ...] = ()
    removed: tuple[RemovedMonitor, ...] = ()
    """The latest last."""

    def ids(self) -> set[str]:
        """Of all of them, the removed ones too."""
        return set(self.names())

    def names(self) -> dict[str, str]:
        """By id, as `ids`."""
        removed = {each.monitor.id: each.monitor.name for each in self.removed}
        return removed | {each.monitor.id: each.monitor.name for each in self.monitors}

    def get(self, id_: str) -> OwnMonitor | None:
        return next((each for each in self.monitors if each.monitor.id == id_), None)


class Change(StrEnum):
    """What came of a change asked for."""

    DONE = "done"
    TAKEN = "taken"
    """Another monitor of the console has this id."""
    GONE = "gone"
    """There is no such monitor, or no longer."""
    OUTDATED = "outdated"
    """Somebody else changed it since it was read."""
    TOO_MANY = "too_many"


class UnreadableError(Exception):
    """The file cannot be read or is not what was written."""


def own_monitors(folder: DataFolder) -> OwnMonitors:
    """What the console's users entered. Raises UnreadableError."""
    path = _path(folder)
    try:
        return msgspec.json.decode(path.read_bytes(), type=OwnMonitors)
    except FileNotFoundError:
        return OwnMonitors()
    except (OSError, msgspec.DecodeError) as error:
        raise UnreadableError(f"{path} cannot be read ({error}); restore or remove it") from None


def read_own_monitors(folder: DataFolder) -> tuple[Monitor, ...]:
    """As they are to be checked: never at addresses of one's own network. Raises
    UnreadableError."""
    return tuple(guarded(each.monitor) for each in own_monitors(folder).monitors)


def all_monitors(settings: Settings, folder: DataFolder) -> tuple[Monitor, ...]:
    """Those of the settings file, then those of the console; where both have an id the settings
    file's stands. Raises UnreadableError."""
    locked = {monitor.id for monitor in settings.monitors}
    own = (each for each in read_own_monitors(folder) if each.id not in locked)
    return (*settings.monitors, *own)


class OwnMonitorsReader:
    """The settings with all monitors, read again only when the file changed; for any thread."""

    def __init__(self, settings: Settings, folder: DataFolder) -> None:
        self._plain = settings
        self._folder = folder
        self._known: tuple[Signature, Settings] | None = None

    def settings(self) -> Settings:
        """With what was read last, when the file is damaged since; that is logged once."""
        now = signature(self._folder)
        known = self._known
        if known is not None and known[0] == now:
            return known[1]
        try:
            monitors = all_monitors(self._plain, self._folder)
            settings = structs.replace(self._plain, monitors=monitors)
        except UnreadableError as error:
            log.error("%s", error)
            settings = known[1] if known else self._plain
        self._known = (now, settings)
        return settings


def guarded(monitor: Monitor) -> Monitor:
    """The monitor with the console's target policy, whatever it says itself."""
    return structs.replace(monitor, guarded=True)


def signature(folder: DataFolder) -> Signature:
    """Changes whenever the file does; costs one look at its entry."""
    try:
        status = _path(folder).stat()
    except OSError:
        return (0, 0, 0)
    return (status.st_ino, status.st_mtime_ns, status.st_size)


def add(folder: DataFolder, monitor: Monitor, now: datetime) -> Change:
    """Take a new monitor in."""

    def change(known: OwnMonitors) -> OwnMonitors | Change:
        if known.get(monitor.id):
            return Change.TAKEN
        if len(known.monitors) >= MONITORS_MAX:
            return Change.TOO_MANY
        return structs.replace(known, monitors=(*known.monitors, _entry(known, monitor, now)))

    return _change(folder, change, now)


def edit(folder: DataFolder, monitor: Monitor, version: int, now: datetime) -> Change:
    """Put `monitor` in the place of the one of its id, if that is still at `version`."""

    def change(known: OwnMonitors) -> OwnMonitors | Change:
        if (before := known.get(monitor.id)) is None:
            return Change.GONE
        if before.version != version:
            return Change.OUTDATED
        return _with(known, _entry(known, monitor, now))

    return _change(folder, change, now)


def set_paused(folder: DataFolder, id_: str, paused: bool, now: datetime) -> Change:
    def change(known: OwnMonitors) -> OwnMonitors | Change:
        if (before := known.get(id_)) is None:
            return Change.GONE
        if before.monitor.paused == paused:
            return known
        monitor = structs.replace(before.monitor, paused=paused)
        return _with(known, _entry(known, monitor, now))

    return _change(folder, change, now)


def remove(folder: DataFolder, id_: str, now: datetime) -> Change:
    """Take it out; `restore` has it back for RESTORABLE."""

    def change(known: OwnMonitors) -> OwnMonitors | Change:
        if (before := known.get(id_)) is None:
            return Change.GONE
        removed = [each for each in known.removed if each.monitor.id != id_]
        removed.append(RemovedMonitor(monitor=before.monitor, removed=now))
        return structs.replace(
            known,
            monitors=tuple(each for each in known.monitors if each is not before),
            removed=tuple(removed[-REMOVED_MAX:]),
        )

    return _change(folder, change, now)


def restore(folder: DataFolder, id_: str, now: datetime) -> Change:
    """Have a removed monitor back as it was."""

    def change(known: OwnMonitors) -> OwnMonitors | Change:
        before = next((each for each in known.removed if each.monitor.id == id_), None)
        if before is None or now - before.removed > RESTORABLE:
            return Change.GONE
        if known.get(id_):
            return Change.TAKEN
        if len(known.monitors) >= MONITORS_MAX:
            return Change.TOO_MANY
        return structs.replace(
            known,
            monitors=(*known.monitors, _entry(known, before.monitor, now)),
            removed=tuple(each for each in known.removed if each is not before),
        )

    return _change(folder, change, now)


def _path(folder: DataFolder) -> Path:
    return folder.root / FILE


def _entry(known: OwnMonitors, monitor: Monitor, now: datetime) -> OwnMonitor:
    return OwnMonitor(monitor=guarded(monitor), version=known.changes + 1, edited=now)


def _with(known: OwnMonitors, entry: OwnMonitor) -> OwnMonitors:
    return structs.replace(
        known,
        monitors=tuple(
            entry if each.monitor.id == entry.monitor.id else each for each in known.monitors
        ),
    )


def _change(
    folder: DataFolder, change: Callable[[OwnMonitors], OwnMonitors | Change], now: datetime
) -> Change:
    """Read, change and write under the lock, so that no change is lost to another made at once."""
    with _locked(folder):
        known = own_monitors(folder)
        changed = change(known)
        if isinstance(changed, Change):
            return changed
        if changed is not known:
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
