"""Notices outages: asks for the timelines of what fails, and writes down what is new of them."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import structs

from analytics.question import Window
from analytics.reports.types import Incident, MonitorUptime
from analytics.reports.uptime import uptime
from probes.monitor import Monitor
from store.database import Database
from vigie.alerts.incident import (
    IncidentRow,
    is_activity,
    is_own_network,
    own_network_incident,
)
from vigie.alerts.ledger import Change, Ledger
from vigie.alerts.noticing import changes, may_speak
from vigie.maintenance import maintenance_of
from vigie.settings import Settings

LOOK_S = 2.0
WHOLE_LOOK = timedelta(seconds=60)
"""How often all results of a day are looked through, for what came late or comes rarely."""
SHORT_BACK = timedelta(minutes=15)
DAY = timedelta(days=1)


class Watch:
    """Called from one thread. `settings` gives those of now, with all monitors."""

    def __init__(
        self, database: Database, ledger: Ledger, settings: Callable[[], Settings]
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._settings = settings
        channels = settings().channels
        self._known = {channel.id for channel in channels}
        self._defaults = tuple(channel.id for channel in channels if channel.default)
        self._whole_at: datetime | None = None
        self._lock = threading.Lock()
        self._looked_at: datetime | None = None

    def looked_at(self) -> datetime | None:
        """When a look last went well; from any thread."""
        with self._lock:
            return self._looked_at

    def look(self, now: datetime) -> str:
        """Write what is new, with the messages it owes, in one transaction; says what it wrote."""
        whole = self._whole_at is None or now - self._whole_at >= WHOLE_LOOK
        since = self._ledger.since(now)
        rows = [row for row in self._ledger.recent(now - 2 * DAY) if not is_activity(row.monitor)]
        failing = self._ledger.failing(now - (DAY if whole else SHORT_BACK))
        lasting = {row.monitor for row in rows if row.end is None}
        wanted = {*failing, *lasting}
        found = self._changes(rows, wanted, since, whole, now) if wanted else []
        if found:
            self._ledger.write(found, now)
        if whole:
            self._whole_at = now
        with self._lock:
            self._looked_at = now
        return _words(found)

    def tells(self, monitor: Monitor | None) -> tuple[str, ...]:
        """The channels told of a monitor: its own, else all defaults."""
        own = monitor.channels if monitor else ()
        return tuple(each for each in own if each in self._known) or self._defaults

    def _changes(
        self,
        rows: Sequence[IncidentRow],
        wanted: set[str],
        since: datetime,
        whole: bool,
        now: datetime,
    ) -> list[Change]:
        start = now - DAY
        if whole:
            margin = timedelta(seconds=1)
            start = min([start, *(row.start - margin for row in rows if row.end is None)])
        settings = self._settings()
        monitors = {monitor.id: monitor for monitor in settings.monitors}
        of_monitor: dict[str, list[IncidentRow]] = defaultdict(list)
        for row in rows:
            of_monitor[row.monitor].append(row)
        found: list[Change] = []
        for monitor, incidents in self._found(wanted, settings, Window(start, now), now):
            found += changes(
                of_monitor[monitor],
                incidents,
                tells=self.tells(monitors.get(monitor)),
                since=since,
                now=now,
                withdraws=whole,
            )
        return self._placed(found)

    def _found(
        self, wanted: set[str], settings: Settings, window: Window, now: datetime
    ) -> Iterator[tuple[str, Sequence[Incident]]]:
        """The incidents of each monitor that may be spoken of, and of our own network."""
        monitors = {monitor.id: monitor for monitor in settings.monitors}
        sentinels = {monitor.id for monitor in settings.monitors if monitor.sentinel}
        asked = {each for each in wanted if not is_own_network(each)} | sentinels
        with self._database.snapshot() as snapshot:
            report = uptime(snapshot, sorted(asked), window, now, maintenance_of(settings))
        for seen in report.monitors:
            if _speaks(seen, monitors, window, now):
                yield seen.monitor, seen.incidents
        cycle_s = max((monitors[each].interval_s for each in sentinels), default=0.0)
        networks: dict[str, list[Incident]] = {
            each: [] for each in sorted(wanted) if is_own_network(each)
        }
        for own in report.own_network:
            incident = own_network_incident(own)
            if ((own.end or now) - own.start).total_seconds() >= cycle_s:
                networks.setdefault(incident.monitor, []).append(incident)
        yield from networks.items()

    def _placed(self, found: Sequence[Change]) -> list[Change]:
        """With where the new ones were seen from."""
        new = [change.row for change in found if change.new]
        places = self._ledger.failing_locations(new) if new else {}
        return [
            structs.replace(
                change,
                row=structs.replace(change.row, locations=places.get(change.row.id, "")),
            )
            if change.new
            else change
            for change in found
        ]


def _speaks(
    seen: MonitorUptime, monitors: Mapping[str, Monitor], window: Window, now: datetime
) -> bool:
    monitor = monitors.get(seen.monitor)
    if monitor is None:
        return True  # removed: nothing fresh will come
    return may_speak(seen, window.start, monitor.interval_s, now)


def _words(found: Sequence[Change]) -> str:
    """ "outages: 2 noticed, 1 ended, 3 to be told" """
    noticed = sum(change.new for change in found)
    ended = sum(change.close for change in found)
    owed = sum(len(change.tell) for change in found)
    parts = [
        f"{count} {word}"
        for count, word in ((noticed, "noticed"), (ended, "ended"), (owed, "to be told"))
        if count
    ]
    return "outages: " + ", ".join(parts) if parts else ""
