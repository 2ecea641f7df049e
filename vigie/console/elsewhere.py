"""What comes from elsewhere, as pages show it: probers at other locations, and jobs that call."""

from datetime import datetime, timedelta

from msgspec import Struct

from analytics.reports.heard import LocationHeard, heard
from probes.monitor import Monitor
from store.snapshot import Snapshot
from vigie.console.console import Console
from vigie.distant.meant import meant_for
from vigie.distant.tokens import heartbeat_address
from vigie.folders import Address

ON_THE_WAY = timedelta(seconds=30)
"""What a delivery may take before a location counts as silent."""
CLOCK_OFF_S = 1.0
"""A clock that is off by more is shown; its results are shifted."""


class LocationLine(Struct, frozen=True, kw_only=True):
    """A location of the settings. Silent: monitors are meant for it, and their results do not come;
    that time is not observed from there."""

    name: str
    monitors: int
    last_result: datetime | None
    silent: bool
    clock_behind_s: float | None
    """Where it is off by enough to be shown."""


def locations_now(console: Console) -> tuple[LocationLine, ...]:
    """Those of the settings, in their order."""
    if not console.settings.locations:
        return ()

    def compute(snapshot: Snapshot) -> tuple[LocationHeard, ...]:
        return heard(snapshot)

    known = {each.location: each for each in console.answers.ask(("heard",), compute)}
    now = console.context.clock()
    return tuple(
        location_line(each.name, console.settings.monitors, known.get(each.name), now)
        for each in console.settings.locations
    )


def location_line(
    name: str, monitors: tuple[Monitor, ...], last: LocationHeard | None, now: datetime
) -> LocationLine:
    """How a location stands at `now`."""
    meant = [each for each in meant_for(name, monitors) if not each.paused]
    last_result = last.last_result if last else None
    wait_s = min((2 * each.interval_s + each.timeout_s for each in meant), default=0.0)
    overdue = last_result is None or now - last_result > timedelta(seconds=wait_s) + ON_THE_WAY
    behind_s = last.clock_behind_s if last else None
    return LocationLine(
        name=name,
        monitors=len(meant),
        last_result=last_result,
        silent=bool(meant) and overdue,
        clock_behind_s=behind_s if behind_s and abs(behind_s) > CLOCK_OFF_S else None,
    )


def heartbeat_address_of(console: Console, monitor: Monitor | None) -> str:
    """Where the monitor's job calls; "" for a monitor that is no heartbeat."""
    if monitor is None or monitor.kind != "heartbeat":
        return ""
    settings = console.settings
    collector = console.context.folder.addresses().get("collector") or Address(
        settings.collector.host, settings.collector.port
    )
    return heartbeat_address(
        settings.public_url or collector.url, console.context.folder.secret(), monitor.id
    )
