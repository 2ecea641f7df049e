"""Demand: how much people are at it at each hour of the week, and what of it an outage kept away.

numbers.md, "User-perceived availability". What is usual in an hour is the median of the same hour
of the week, of the nearest eight weeks in which nothing was down then, at least three of them.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from statistics import median

from msgspec import Struct

from analytics.combined_time import Stretch
from analytics.question import SiteScope, Window
from analytics.sql import query
from analytics.times import from_us, naive, to_us
from analytics.user_time import MINUTE_US, Floats
from store.snapshot import Snapshot

HOUR_US = 3_600_000_000
WEEK_H = 168
WEEKS_MAX, WEEKS_MIN = 8, 3
NO_DAYS = timedelta(days=2)
"""Beyond the last of a range of days, so that nothing lies in it."""


class Demand(Struct, frozen=True):
    """Seconds people were at it by hour (its number since the epoch), counted whole from `first` up
    to but not including `end`; hours of `without` are nobody's example."""

    seconds: Mapping[int, float]
    first: int
    end: int
    without: Collection[int]

    def usual_s(self, hour: int) -> float | None:
        """Of all people together, in the whole hour; None where too few weeks tell."""
        nearest = sorted(
            (offset for week in range(1, WEEKS_MAX + 1) for offset in (-week, week)),
            key=lambda offset: (abs(offset), offset),
        )
        told = [
            self.seconds.get(other, 0.0)
            for offset in nearest
            if self.first <= (other := hour + offset * WEEK_H) < self.end
            and other not in self.without
        ][:WEEKS_MAX]
        return median(told) if len(told) >= WEEKS_MIN else None


def demand(
    snapshot: Snapshot, scope: SiteScope, window: Window, down: Sequence[Window], now: datetime
) -> Demand:
    """What is known for the hours of `window`, and of the weeks around it."""
    margin = timedelta(weeks=WEEKS_MAX, hours=1)
    since, until = window.start - margin, min(now, window.end + margin)
    ((first_hot,),) = snapshot.rows(query("first_hot_day"), {"site": scope.site})
    # A hot day is an example only for hours a week or more before it: mostly none need be read.
    last = (window.end - timedelta(weeks=1)).date()
    first = first_hot if first_hot is not None and first_hot <= last else last + NO_DAYS
    rows = snapshot.rows(
        query("active_by_hour"),
        {
            "site": scope.site,
            "from": naive(since),
            "until": naive(until),
            "first_day": first,
            "last_day": last,
        },
    )
    seconds = {hour: found for hour, found in rows if found}
    counted_to = until
    if first_hot is not None:
        counted_to = min(until, _midnight(max(first_hot, last + timedelta(days=1))))
    return Demand(
        seconds=seconds,
        first=min(seconds, default=0) + 1,
        end=to_us(counted_to) // HOUR_US,
        without={hour for each in down for hour in _hours(each)},
    )


def lost_s(
    usual: Demand, share: float, observed: Floats, first_minute: int, down: Sequence[Window]
) -> float | None:
    """Seconds of people's time that were missing while probes confirmed down: minute by minute,
    what is usual less what was observed. `share` is of the site's demand; None where what is usual
    is not known of some of the time."""
    total = 0.0
    known: dict[int, float | None] = {}
    for span in down:
        start_us, end_us = to_us(span.start), to_us(span.end)
        for minute in range(start_us // MINUTE_US, -(-end_us // MINUTE_US)):
            hour = minute * MINUTE_US // HOUR_US
            if hour not in known:
                known[hour] = usual.usual_s(hour)
            expected_s = known[hour]
            if expected_s is None:
                return None
            began_us = max(start_us, minute * MINUTE_US)
            part = (min(end_us, (minute + 1) * MINUTE_US) - began_us) / MINUTE_US
            place = minute - first_minute
            seen_s = float(observed[place]) if 0 <= place < len(observed) else 0.0
            total += max(0.0, (expected_s * share / 60 - seen_s) * part)
    return total


def weighted_uptime(usual: Demand, stretches: Sequence[Stretch]) -> float | None:
    """Uptime, each hour counting by what is usual in it; None where that is not known."""
    up = whole = 0.0
    known: dict[int, float | None] = {}
    for each in stretches:
        if not each.shares.up and not each.shares.down:
            continue
        for hour in _hours(Window(each.start, each.end)):
            if hour not in known:
                known[hour] = usual.usual_s(hour)
            weight = known[hour]
            if weight is None:
                continue
            begin = max(each.start, from_us(hour * HOUR_US))
            end = min(each.end, from_us((hour + 1) * HOUR_US))
            length_s = (end - begin).total_seconds()
            up += weight * length_s * each.shares.up
            whole += weight * length_s * (each.shares.up + each.shares.down)
    return up / whole if whole else None


def _hours(window: Window) -> range:
    return range(to_us(window.start) // HOUR_US, -(-to_us(window.end) // HOUR_US))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
