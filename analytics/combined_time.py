"""Several monitors' time as one: at each instant the share of the whole that is up, down, not
observed or excluded, by the way they are combined (numbers.md, "Several monitors").

- any: down while any monitor is down, whatever the others; else not observed while any is not.
- all: down while all of those that count are; up while any is up, whatever the others.
- weighted: down for the weight of those that are down, of the weight of those that count.
A monitor in maintenance, paused or not on duty does not count; while none does, time is excluded.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from analytics.availability import UP_STATES
from analytics.question import Window
from analytics.reports.types import Interval, State


class Combination(StrEnum):
    """How several monitors make one."""

    ANY = "any"
    ALL = "all"
    WEIGHTED = "weighted"


class Shares(Struct, frozen=True):
    """What part of an instant is what; the four make 1."""

    up: float = 0.0
    down: float = 0.0
    unknown: float = 0.0
    excluded: float = 0.0


class Stretch(Struct, frozen=True):
    """From `start` up to but not including `end` the shares hold."""

    start: datetime
    end: datetime
    shares: Shares

    @property
    def length_s(self) -> float:
        return (self.end - self.start).total_seconds()


class Seconds(Struct, frozen=True, kw_only=True):
    """Shares added up over time."""

    up_s: float = 0.0
    down_s: float = 0.0
    unknown_s: float = 0.0
    excluded_s: float = 0.0


UP, DOWN = Shares(up=1.0), Shares(down=1.0)
UNKNOWN, EXCLUDED = Shares(unknown=1.0), Shares(excluded=1.0)


def combined_time(
    intervals: Mapping[str, Sequence[Interval]],
    combination: Combination,
    weights: Mapping[str, float],
) -> tuple[Stretch, ...]:
    """The stretches of all monitors' `intervals` together, in time order, none of them like the
    one before it. Time in which no monitor is on duty is in none. A monitor without a weight
    weighs 1."""
    edges = [
        (moment, monitor, state)
        for monitor, own in intervals.items()
        for each in own
        for moment, state in ((each.end, None), (each.start, each.state))
    ]
    # Of two edges of one monitor at one instant the end comes first: None before a state.
    edges.sort(key=lambda edge: (edge[0], edge[2] is not None))
    stretches: list[Stretch] = []
    holding: dict[str, State] = {}
    since: datetime | None = None
    for moment, monitor, state in edges:
        if since is not None and moment > since and holding:
            _append(stretches, Stretch(since, moment, _shares(holding, combination, weights)))
        if state is None:
            holding.pop(monitor, None)
        else:
            holding[monitor] = state
        since = moment
    return tuple(stretches)


def within(stretches: Sequence[Stretch], window: Window) -> tuple[Stretch, ...]:
    """What of the stretches lies in the window, cut at its edges."""
    return tuple(
        Stretch(max(each.start, window.start), min(each.end, window.end), each.shares)
        for each in stretches
        if each.end > window.start and each.start < window.end
    )


def seconds_of(stretches: Sequence[Stretch]) -> Seconds:
    return Seconds(
        up_s=sum(each.length_s * each.shares.up for each in stretches),
        down_s=sum(each.length_s * each.shares.down for each in stretches),
        unknown_s=sum(each.length_s * each.shares.unknown for each in stretches),
        excluded_s=sum(each.length_s * each.shares.excluded for each in stretches),
    )


def _append(stretches: list[Stretch], new: Stretch) -> None:
    last = stretches[-1] if stretches else None
    if last and last.end == new.start and last.shares == new.shares:
        stretches[-1] = Stretch(last.start, new.end, new.shares)
    else:
        stretches.append(new)


def _shares(
    holding: Mapping[str, State], combination: Combination, weights: Mapping[str, float]
) -> Shares:
    up = [monitor for monitor, state in holding.items() if state in UP_STATES]
    down = [monitor for monitor, state in holding.items() if state is State.DOWN]
    unknown = [monitor for monitor, state in holding.items() if state is State.UNKNOWN]
    if not (up or down or unknown):
        return EXCLUDED
    if combination is Combination.ANY:
        return DOWN if down else UNKNOWN if unknown else UP
    if combination is Combination.ALL:
        return UP if up else UNKNOWN if unknown else DOWN
    weighed = [sum(weights.get(each, 1.0) for each in some) for some in (up, down, unknown)]
    total = sum(weighed)
    return Shares(*(weight / total for weight in weighed))
