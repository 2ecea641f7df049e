"""Every monitor as Home and Monitors show it: its state now, and its last 90 days."""

from datetime import datetime, time, timedelta

from msgspec import structs

from analytics.question import Window
from analytics.reports.types import UptimeReport
from analytics.reports.uptime import uptime
from store.snapshot import Snapshot
from vigie.console.console import Console
from vigie.maintenance import maintenance_of

STRIP_DAYS = 90
STRIPS_FRESH_S = 10.0
"""Ninety days cost much to read and move little; the states now are asked for apart."""
NOW_WINDOW = timedelta(hours=1)


def now_report(console: Console, monitors: tuple[str, ...] | None = None) -> UptimeReport:
    """The last hour of every monitor: cheap enough to be asked for every other second."""
    asked = _monitors(console) if monitors is None else monitors

    def compute(snapshot: Snapshot) -> UptimeReport:
        now = console.context.clock()
        return uptime(
            snapshot,
            asked,
            Window(now - NOW_WINDOW, now),
            now,
            maintenance_of(console.settings),
        )

    return console.answers.ask(("now", asked), compute)


def strips_report(console: Console) -> UptimeReport:
    """The last 90 days of every monitor, with its state as now_report has it."""
    asked = _monitors(console)

    def compute(snapshot: Snapshot) -> UptimeReport:
        now = console.context.clock()
        return uptime(snapshot, asked, strip_window(now), now, maintenance_of(console.settings))

    report = console.answers.ask(("strips", asked), compute, STRIPS_FRESH_S)
    rows = tuple(
        structs.replace(row, state=latest.state, state_since=latest.state_since)
        for row, latest in zip(report.monitors, now_report(console, asked).monitors, strict=True)
    )
    return structs.replace(report, monitors=rows)


def strip_window(now: datetime) -> Window:
    """STRIP_DAYS days by UTC, today among them."""
    today = datetime.combine(now.date(), time(), now.tzinfo)
    return Window(today - timedelta(days=STRIP_DAYS - 1), now)


def _monitors(console: Console) -> tuple[str, ...]:
    return tuple(monitor.id for monitor in console.settings.monitors)
