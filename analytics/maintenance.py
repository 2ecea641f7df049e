"""Planned work: when a monitor's failures are expected, once or every week.

A weekly window begins when the clocks of its time zone show its time, and lasts its minutes of real
time. Where the clocks skip that time in spring, it begins as much later as they skip; where they
show it twice in autumn, at the first of the two.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from analytics.question import Window
from analytics.times import Span, to_us


class Weekly(Struct, frozen=True, kw_only=True):
    """Every week on `weekdays` (0 is Monday) at `at`, by the clocks of `zone`."""

    weekdays: tuple[int, ...]
    at: time
    lasts: timedelta
    zone: ZoneInfo


class Maintenance(Struct, frozen=True, kw_only=True):
    """Planned work on `monitors`; none named: on all of them."""

    id: str
    monitors: tuple[str, ...] = ()
    when: Window | Weekly

    def concerns(self, monitor: str) -> bool:
        return not self.monitors or monitor in self.monitors


def planned(
    maintenance: Sequence[Maintenance], monitor: str, start: datetime, end: datetime
) -> list[Span]:
    """When work on a monitor was planned between start and end: in order, without overlap."""
    found = sorted(
        (to_us(max(window.start, start)), to_us(min(window.end, end)))
        for each in maintenance
        if each.concerns(monitor)
        for window in windows(each.when, start, end)
    )
    merged: list[Span] = []
    for from_us, until_us in found:
        if merged and from_us <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], until_us))
        else:
            merged.append((from_us, until_us))
    return merged


def windows(when: Window | Weekly, start: datetime, end: datetime) -> Iterator[Window]:
    """Those windows, whole, that lie at least in part between start and end."""
    if isinstance(when, Window):
        if when.start < end and when.end > start:
            yield when
        return
    day = (start - when.lasts).astimezone(when.zone).date() - timedelta(days=1)
    while (begins := _begins(when, day)) < end:
        ends = begins + when.lasts
        if day.weekday() in when.weekdays and ends > start:
            yield Window(begins, ends)
        day += timedelta(days=1)


def _begins(when: Weekly, day: date) -> datetime:
    return datetime.combine(day, when.at, when.zone).astimezone(UTC)
