"""Monitors entered in the console, beside those of the settings file; the prober looks again each
second."""

from datetime import datetime

from msgspec import structs

from probes.monitor import Monitor
from vigie.folders import DataFolder
from vigie.own_things import Change, Kept, OwnThings
from vigie.settings import Settings

MONITORS_MAX = 1_000


def guarded(monitor: Monitor) -> Monitor:
    """The monitor with the console's target policy, whatever it says itself."""
    return structs.replace(monitor, guarded=True)


MONITORS = OwnThings("monitor", Kept[Monitor], MONITORS_MAX, guarded)


def read_own_monitors(folder: DataFolder) -> tuple[Monitor, ...]:
    """As they are to be checked: never at addresses of one's own network. Raises
    UnreadableError."""
    return tuple(guarded(each.thing) for each in MONITORS.read(folder).things)


def all_monitors(settings: Settings, folder: DataFolder) -> tuple[Monitor, ...]:
    """Those of the settings file, then those of the console; where both have an id the settings
    file's stands. Raises UnreadableError."""
    locked = {monitor.id for monitor in settings.monitors}
    own = (each for each in read_own_monitors(folder) if each.id not in locked)
    return (*settings.monitors, *own)


def set_paused(folder: DataFolder, id_: str, paused: bool, now: datetime) -> Change:
    return MONITORS.alter(folder, id_, lambda each: structs.replace(each, paused=paused), now)
