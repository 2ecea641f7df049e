"""How far chains of steps come, by order of steps: a fixed number of passes over sorted arrays.

The latest start that still works is carried along the rows (ClickHouse's windowFunnel, in its
default mode): numbers.md, "Funnel". Each pass looks at every row once, so that one session of a
great many events costs no more than they would in many sessions.
"""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.question import Order

Numbers = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Mask = NDArray[np.bool_]

NONE = -1


class Rows(Struct, frozen=True, kw_only=True):
    """Events that match some step or end what was begun, sorted by whose they are and their order;
    arrays of one length, at least 1.

    `who` and `session` stand for the session or user that is counted and for the session; they are
    the same where sessions are counted. Bit n - 1 of `steps` says that an event is of step n; one
    that `ends` what was begun before it is of none.
    """

    who: Hashes
    session: Hashes
    weight: NDArray[np.float64]
    time_us: Numbers
    steps: Numbers
    ends: Mask


class Walked(Struct, frozen=True, kw_only=True):
    """Of each row: how deep it came, 0 for nowhere; where it is of the last step, the row that its
    chain began with, else NONE; whether it is an entry within the report's window. `first` holds
    the places of each one's first row."""

    depth: Numbers
    begun: Numbers
    entered: Mask
    first: Numbers


class Came(Struct, frozen=True, kw_only=True):
    """Those that entered, an element each: how deep they came, in which session and when they
    entered first, when last, and how long their first conversion took (NaN: none)."""

    who: Hashes
    session: Hashes
    weight: NDArray[np.float64]
    depth: Numbers
    entered_us: Numbers
    entered_last_us: Numbers
    took_s: NDArray[np.float64]


class Arrived(Struct, frozen=True, kw_only=True):
    """For each that entered and each step they came to: when they came to it first and last before
    they came to the next, when they did that (NONE: never), and the row they came to it last with.

    Rows that came less far than an earlier one are of an attempt that was begun again.
    """

    who: Hashes
    step: Numbers
    first_us: Numbers
    last_us: Numbers
    onward_us: Numbers
    row: Numbers


def walk(rows: Rows, steps: int, order: Order, within_us: int, end_us: int) -> Walked:
    """The chains of `steps` steps that began before `end_us` and took at most `within_us`."""
    fresh = np.ones(len(rows.who), dtype=np.bool_)
    fresh[1:] = rows.who[1:] != rows.who[:-1]
    stretch = _latest(fresh | rows.ends)
    if order is Order.ANY:
        depth, begun, entered = _in_any_order(rows, stretch, steps, within_us, end_us)
    else:
        strict = order is Order.STRICT
        depth, begun, entered = _in_order(rows, stretch, steps, within_us, end_us, strict=strict)
    return Walked(depth=depth, begun=begun, entered=entered, first=np.flatnonzero(fresh))


def came(rows: Rows, walked: Walked) -> Came:
    first, count = walked.first, len(rows.who)
    depth = np.maximum.reduceat(walked.depth, first)
    place = np.arange(count)

    def earliest(chosen: Mask) -> Numbers:
        """The first of each one's chosen rows; `count` where there is none."""
        return np.minimum.reduceat(np.where(chosen, place, count), first)[depth > 0]

    entered = earliest(walked.entered)
    entered_last = np.maximum.reduceat(np.where(walked.entered, place, NONE), first)[depth > 0]
    converted = earliest(walked.begun != NONE)
    through = converted < count
    took_s = np.full(len(converted), np.nan)
    ended = converted[through]
    took_s[through] = (rows.time_us[ended] - rows.time_us[walked.begun[ended]]) / 1e6
    return Came(
        who=rows.who[first][depth > 0],
        session=rows.session[earliest(walked.depth > 0)],
        weight=rows.weight[first][depth > 0],
        depth=depth[depth > 0],
        entered_us=rows.time_us[entered],
        entered_last_us=rows.time_us[entered_last],
        took_s=took_s,
    )


def arrived(rows: Rows, walked: Walked) -> Arrived:
    lengths = np.diff(walked.first, append=len(rows.who))
    base = np.repeat(np.arange(len(lengths)), lengths) * (int(walked.depth.max()) + 1)
    furthest = np.maximum.accumulate(base + walked.depth)
    here = np.flatnonzero((base + walked.depth == furthest) & (walked.depth > 0))
    step = furthest[here]
    opens = np.ones(len(here), dtype=np.bool_)
    opens[1:] = step[1:] != step[:-1]
    first = here[opens]
    last = here[np.append(np.flatnonzero(opens)[1:], len(here)) - 1] if len(here) else here
    onward_us = np.full(len(first), NONE)
    goes_on = np.flatnonzero(rows.who[first][1:] == rows.who[first][:-1])
    onward_us[goes_on] = rows.time_us[first[goes_on + 1]]
    return Arrived(
        who=rows.who[first],
        step=walked.depth[first],
        first_us=rows.time_us[first],
        last_us=rows.time_us[last],
        onward_us=onward_us,
        row=last,
    )


def _in_order(
    rows: Rows, stretch: Numbers, steps: int, within_us: int, end_us: int, *, strict: bool
) -> tuple[Numbers, Numbers, Mask]:
    """Starts never go back along the rows of a stretch: the latest chain is the last one."""
    time_us = rows.time_us
    place = np.arange(len(time_us))
    entered = _of_step(rows, 1) & (time_us < end_us)
    depth = entered.astype(np.int64)
    begun = np.where(entered, place, NONE)
    for number in range(2, steps + 1):
        came_to = _earlier(_latest(begun != NONE))
        here = np.flatnonzero(_of_step(rows, number))
        here = here[came_to[here] >= stretch[here]]
        if strict:  # since then, there were only more events of the step before
            left = _earlier(_latest(~_of_step(rows, number - 1)))
            here = here[came_to[here] > left[here]]
        start = begun[came_to[here]]
        soon = time_us[here] - time_us[start] <= within_us
        begun = np.full(len(place), NONE)
        begun[here[soon]] = start[soon]
        depth[here[soon]] = number
    return depth, begun, entered


def _in_any_order(
    rows: Rows, stretch: Numbers, steps: int, within_us: int, end_us: int
) -> tuple[Numbers, Numbers, Mask]:
    """How many of the steps lie within the window that ends with each event, by the latest event of
    each step. A chain counts where one of its events lies within the report's window; where only
    earlier ones than the latest do, the latest of those begins it."""
    time_us, count = rows.time_us, len(rows.who)
    made = np.zeros(count, dtype=np.int64)
    began = np.full(count, count)
    entry = np.full(count, NONE)
    for mine in _first_steps(rows, steps):
        latest = _latest(mine)
        recent = (latest >= stretch) & (time_us - time_us[latest] <= within_us)
        made += recent
        began = np.minimum(began, np.where(recent, latest, count))
        entry = np.maximum(entry, _latest(mine & (time_us < end_us)))
    counts = (entry >= stretch) & (time_us - time_us[entry] <= within_us)
    through = np.flatnonzero(counts & (made == steps))
    begun = np.full(count, NONE)
    begun[through] = np.where(time_us[began[through]] < end_us, began[through], entry[through])
    return np.where(counts, made, 0), begun, (rows.steps != 0) & ~rows.ends & (time_us < end_us)


def _of_step(rows: Rows, number: int) -> Mask:
    return np.asarray((rows.steps >> (number - 1) & 1).astype(np.bool_) & ~rows.ends)


def _first_steps(rows: Rows, steps: int) -> Iterator[Mask]:
    """Of each step the events that are of it and of no earlier one."""
    taken = rows.ends
    for number in range(1, steps + 1):
        of_step = _of_step(rows, number)
        yield of_step & ~taken
        taken = taken | of_step


def _latest(chosen: Mask) -> Numbers:
    """Of each row the place of the last chosen one, itself included; NONE before the first."""
    return np.maximum.accumulate(np.where(chosen, np.arange(len(chosen)), NONE))


def _earlier(places: Numbers) -> Numbers:
    """What held at the row before."""
    return np.concatenate([[NONE], places[:-1]])
