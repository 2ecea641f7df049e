"""What several monitors say of each slot of time together: down while any of them is."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from analytics.availability import UP_STATES
from analytics.question import Window
from analytics.reports.types import Interval, MonitorUptime, State
from analytics.slots import Slots
from analytics.times import to_us

WORST_FIRST = (
    State.DOWN,
    State.DEGRADED,
    State.UNKNOWN,
    State.MAINTENANCE,
    State.PAUSED,
    State.UP,
)


class Outside(Struct):
    """The worst state, seconds with any monitor down, and the observed share of the monitors'
    time that should have been observed (0 where none should)."""

    state: State
    down_s: float
    observed_share: float


def outside(monitors: Sequence[MonitorUptime], slots: Slots) -> list[Outside]:
    """One element a slot."""
    found = [Outside(State.UNKNOWN, 0.0, 0.0) for _ in range(slots.count)]
    seen: list[set[State]] = [set() for _ in range(slots.count)]
    observed_s, duty_s = [0.0] * slots.count, [0.0] * slots.count
    for row in monitors:
        for interval in row.intervals:
            for index, seconds in _split(interval.start, interval.end, slots):
                seen[index].add(interval.state)
                if interval.state in (*UP_STATES, State.DOWN):
                    observed_s[index] += seconds
                    duty_s[index] += seconds
                elif interval.state is State.UNKNOWN:
                    duty_s[index] += seconds
    for span in spans(monitors, State.DOWN):
        for index, seconds in _split(span.start, span.end, slots):
            found[index].down_s += seconds
    for index, each in enumerate(found):
        each.state = next((state for state in WORST_FIRST if state in seen[index]), State.UNKNOWN)
        each.observed_share = observed_s[index] / duty_s[index] if duty_s[index] else 0.0
    return found


def spans(monitors: Sequence[MonitorUptime], state: State) -> list[Window]:
    """The stretches in which any monitor is in a state, merged."""
    intervals = sorted(
        (each for row in monitors for each in row.intervals if each.state is state),
        key=lambda each: each.start,
    )
    merged: list[Window] = []
    for each in intervals:
        if merged and each.start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, each.end))
        else:
            merged.append(Window(each.start, each.end))
    return merged


def seconds_in(spans: Sequence[Window | Interval], window: Window) -> float:
    """How long the spans, which do not overlap, lie within the window."""
    zero = timedelta()
    return sum(
        (max(min(s.end, window.end) - max(s.start, window.start), zero) for s in spans), zero
    ).total_seconds()


def _split(start: datetime, end: datetime, slots: Slots) -> Iterator[tuple[int, float]]:
    start_us, end_us = to_us(start), to_us(end)
    while start_us < end_us:
        slot = start_us // slots.width_us
        until_us = min(end_us, (slot + 1) * slots.width_us)
        if 0 <= slot - slots.first < slots.count:
            yield slot - slots.first, (until_us - start_us) / 1e6
        start_us = until_us
