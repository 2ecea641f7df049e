"""An event as a volume: how often it came, against what is usual at that time of the week."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import numpy as np
from msgspec import Struct, structs

from analytics.basis import Basis
from analytics.expected import LENGTHS_H, Expected, Volume, band, expected, seen_within_h
from analytics.lows import Low, lows
from analytics.maintenance import Maintenance
from analytics.outside import spans
from analytics.question import Window
from analytics.reports.activity_types import (
    ActivityLow,
    ActivityPart,
    ActivityQuestion,
    ActivityReport,
    ActivitySlot,
    ActivityState,
)
from analytics.reports.types import State
from analytics.reports.uptime import uptime
from analytics.slots import HOUR, Slots, slots_of
from analytics.sql import query
from analytics.times import from_us, naive, to_us
from analytics.wording import count as counted
from analytics.wording import moment
from store.snapshot import Snapshot

DEFINITION = "activity"
WHOLE = "every event is counted, none sampled"
HOUR_US = 3_600_000_000
HISTORY = timedelta(weeks=9)
LATE = timedelta(minutes=5)
"""An hour is judged once so much time has passed since: events come a little late."""
LOW_UNLIKE_H_MAX = 48
"""A low that lasts longer is taken for the new usual."""
PARTS_MAX = 50


class Judged(Struct, frozen=True):
    """An event's volume from before the window up to the last hour that can be judged, what was
    expected, and when it was too low."""

    volume: Volume
    windows: list[Expected]
    lows: list[Low]
    values: dict[int, float]
    counts: dict[int, int]
    """Of whole hours and of the one that runs."""
    currency: str
    generated: bool

    def hour(self, place: int) -> datetime:
        return from_us((self.volume.first + place) * HOUR_US)


def activity(
    snapshot: Snapshot,
    question: ActivityQuestion,
    window: Window,
    now: datetime,
    maintenance: Sequence[Maintenance] = (),
) -> ActivityReport:
    """Of the part of `window` already lived, in whole hours from the one it starts in."""
    end = max(window.start, min(window.end, now))
    window = Window(window.start.replace(minute=0, second=0, microsecond=0), end)
    found = judged(snapshot, question, window, now, maintenance)
    slots = slots_of(window, least=HOUR)
    within = seen_within_h(found.windows, question.chance)
    known = [each for each in within if each is not None]
    state, sentence = state_of(question, found)
    first, last = (to_us(edge) // HOUR_US for edge in (window.start, window.end))
    inside = [hour for hour in found.counts if first <= hour <= last]
    return ActivityReport(
        basis=Basis(
            definition=DEFINITION,
            start=window.start,
            end=window.end,
            generated=found.generated,
            note=WHOLE,
        ),
        site=question.scope.site,
        journey=question.journey,
        name=question.name,
        event=question.event,
        state=state,
        sentence=sentence,
        total=sum(found.counts[hour] for hour in inside),
        value=sum(found.values[hour] for hour in inside),
        currency=found.currency,
        slots=tuple(_slots(found, slots, window)),
        lows=tuple(lows_within(found, found.lows, window)),
        by=question.by,
        parts=tuple(_parts(snapshot, question, window)) if question.by else (),
        # Within the week the hours before now stand for those to come.
        seen_within_h=within[0] if within else None,
        seen_within_usual_h=median(known) if len(known) == len(within) and known else None,
        seen_within_most_h=max(known) if len(known) == len(within) and known else None,
    )


def judged(
    snapshot: Snapshot,
    question: ActivityQuestion,
    window: Window,
    now: datetime,
    maintenance: Sequence[Maintenance] = (),
) -> Judged:
    """What is usual is learnt in two passes: abnormal lows are no example of it."""
    until = min(window.end, now - LATE)
    rows = _rows(snapshot, question, Window(window.start - HISTORY, min(window.end, now)))
    volume = _volume(snapshot, question, rows, Window(window.start - HISTORY, until), maintenance)
    windows = [expected(volume, length) for length in LENGTHS_H]
    unlike = volume.unlike.copy()
    for low in lows(windows, question.chance):
        if low.end is not None and low.end - low.start <= LOW_UNLIKE_H_MAX:
            unlike[low.start : low.end] = True
    if unlike.any():
        volume = structs.replace(volume, unlike=unlike)
        windows = [expected(volume, length) for length in LENGTHS_H]
    return Judged(
        volume=volume,
        windows=windows,
        lows=lows(windows, question.chance),
        counts={row[0]: row[1] for row in rows},
        values={row[0]: row[2] for row in rows},
        currency=max((row[3] for row in rows), default=""),
        generated=any(row[4] for row in rows),
    )


def _rows(snapshot: Snapshot, question: ActivityQuestion, window: Window) -> list[tuple[Any, ...]]:
    return snapshot.rows(
        query("activity_hours"),
        {
            "site": question.scope.site,
            "event": question.event,
            "from": naive(window.start),
            "until": naive(window.end),
        },
    )


def _volume(
    snapshot: Snapshot,
    question: ActivityQuestion,
    rows: Sequence[tuple[Any, ...]],
    window: Window,
    maintenance: Sequence[Maintenance],
) -> Volume:
    """From the first hour counted whole to the last one that is over."""
    ((began,),) = snapshot.rows(query("counting_began"), {"site": question.scope.site})
    end = to_us(window.end) // HOUR_US
    first = end if began is None else min(end, max(began + 1, to_us(window.start) // HOUR_US))
    counts = np.zeros(end - first, dtype=np.int64)
    for hour, count, *_ in rows:
        if first <= hour < end:
            counts[hour - first] = count
    ahead, dropped = question.scope.calendar.hours(first, len(counts))
    if question.monitors and len(counts):
        span = Window(from_us(first * HOUR_US), from_us(end * HOUR_US))
        probes = uptime(snapshot, list(question.monitors), span, span.end, maintenance)
        for down in spans(probes.monitors, State.DOWN):
            begin_us, end_us = to_us(down.start), to_us(down.end)
            begin = max(0, begin_us // HOUR_US - first)
            dropped[begin : -(-end_us // HOUR_US) - first] = True
    return Volume(
        first=first,
        counts=counts,
        local_h=ahead,
        dropped=dropped,
        unlike=np.zeros(len(counts), dtype=np.bool_),
    )


def _slots(found: Judged, slots: Slots, window: Window) -> Iterator[ActivitySlot]:
    length = slots.width_us // HOUR_US
    volume = found.volume
    known = next((each for each in found.windows if each.length_h == length), None)
    wide = known or expected(volume, length)
    for index in range(slots.count):
        whole = slots.window(index)
        first = to_us(whole.start) // HOUR_US
        place = first + length - volume.first
        told = length <= place < len(wide.mu) and np.isfinite(wide.mu[place])
        mu, k = (float(wide.mu[place]), float(wide.k[place])) if told else (None, 0.0)
        low, high = band(mu, k) if mu is not None else (None, None)
        inside = slice(max(0, first - volume.first), max(0, place))
        yield ActivitySlot(
            start=max(whole.start, window.start),
            end=min(whole.end, window.end),
            count=sum(found.counts.get(hour, 0) for hour in range(first, first + length)),
            expected=mu,
            low=low,
            high=high,
            dropped=bool(volume.dropped[inside].any()),
        )


def lows_within(found: Judged, chosen: Sequence[Low], window: Window) -> list[ActivityLow]:
    """Those of the lows that any part of the window lies in, latest first."""
    told = [
        ActivityLow(
            start=found.hour(low.start),
            seen=found.hour(low.seen),
            end=None if low.end is None else found.hour(low.end),
            count=low.count,
            usual=low.usual,
        )
        for low in reversed(chosen)
    ]
    return [
        low
        for low in told
        if low.start < window.end and (low.end is None or low.end > window.start)
    ]


def _parts(
    snapshot: Snapshot, question: ActivityQuestion, window: Window
) -> Iterator[ActivityPart]:
    parameters = {
        "site": question.scope.site,
        "event": question.event,
        "from": naive(window.start - (window.end - window.start)),
        "start": naive(window.start),
        "end": naive(window.end),
        "most": PARTS_MAX,
    }
    if question.by == "level":
        rows = snapshot.rows(query("activity_levels"), parameters)
    else:
        rows = snapshot.rows(query("activity_attribute"), {**parameters, "attribute": question.by})
    total = sum(row[1] for row in rows)
    for told, count, value, before in rows:
        share = count / total if total else 0.0
        yield ActivityPart(told=told, count=count, share=share, value=value, before=before)


def state_of(question: ActivityQuestion, found: Judged) -> tuple[ActivityState, str]:
    """As the volume stands at its end, and the same in a sentence."""
    event = question.event
    if not any(found.counts.values()):
        return ActivityState.NONE, f"No {event} has come in the last nine weeks."
    low = found.lows[-1] if found.lows and found.lows[-1].end is None else None
    if low is not None:
        return ActivityState.LOW, (
            f"{event} is abnormally rare since {moment(found.hour(low.start))}:"
            f" {counted(low.count, event)} in {low.length_h} h, against {low.usual:,.0f} usual."
        )
    last = found.windows[-1]
    if not np.isfinite(last.mu).any():
        return ActivityState.LEARNING, (
            f"What is usual of {event} is known after three weeks of counting."
        )
    if not any(each.tested(question.chance)[-168:].any() for each in found.windows):
        return ActivityState.TOO_FEW, (
            f"{event} comes so rarely that even a day without any would not be surprising."
        )
    today, usual = last.counts[-1], last.mu[-1]
    against = f", against {usual:,.0f} usual" if np.isfinite(usual) else ""
    return ActivityState.USUAL, (
        f"{event} comes as usual: {today:,.0f} in the last 24 whole hours{against}."
    )
