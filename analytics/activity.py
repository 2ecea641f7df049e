"""Counts of an event in time, at 100 %, and what is usual at a time of the week."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from statistics import median

from msgspec import Struct

from analytics.question import Window
from analytics.times import from_us, to_us

WEEKS_MAX = 8
WEEKS_MIN = 3
WEEK = timedelta(weeks=1)
HOUR_US = 3_600_000_000


class Counts(Struct, frozen=True):
    """`by_slot` maps a slot's number since the epoch to its count; `since` is where counting began,
    None while it has not."""

    width_us: int
    by_slot: Mapping[int, int]
    since: datetime | None

    def between(self, window: Window) -> float:
        """The count in a window, a slot it cuts counting by the part within."""
        start_us, end_us = to_us(window.start), to_us(window.end)
        total = 0.0
        slot = start_us // self.width_us
        while slot * self.width_us < end_us:
            from_us_ = max(start_us, slot * self.width_us)
            until_us = min(end_us, (slot + 1) * self.width_us)
            total += self.by_slot.get(slot, 0) * (until_us - from_us_) / self.width_us
            slot += 1
        return total

    def usual(self, window: Window) -> float | None:
        """The median of the same time in the weeks before, up to eight; None with less than three
        that were counted."""
        earlier = [
            Window(window.start - number * WEEK, window.end - number * WEEK)
            for number in range(1, WEEKS_MAX + 1)
        ]
        counted = [
            self.between(each) for each in earlier if self.since and each.start >= self.since
        ]
        return median(counted) if len(counted) >= WEEKS_MIN else None


def history(window: Window) -> Window:
    """What must be counted so that all of `window` can be compared with what is usual."""
    return Window(window.start - WEEKS_MAX * WEEK, window.end)


def began(slot: int, width_us: int) -> datetime:
    """The start of the first slot known to be counted whole, if counting began in `slot`."""
    return from_us((slot + 1) * width_us)
