"""The 90-day uptime of every monitor, as Home and Monitors show it."""

from datetime import datetime, time, timedelta

from analytics.question import Window
from analytics.reports.types import UptimeReport
from analytics.reports.uptime import uptime
from store.snapshot import Snapshot
from vigie.console.console import Console

STRIP_DAYS = 90


def strips_report(console: Console) -> UptimeReport:
    monitors = [monitor.id for monitor in console.settings.monitors]

    def compute(snapshot: Snapshot) -> UptimeReport:
        now = console.context.clock()
        return uptime(snapshot, monitors, strip_window(now), now)

    return console.answers.ask(("strips",), compute)


def strip_window(now: datetime) -> Window:
    """STRIP_DAYS days by UTC, today among them."""
    today = datetime.combine(now.date(), time(), now.tzinfo)
    return Window(today - timedelta(days=STRIP_DAYS - 1), now)
