"""User-uptime: how long people were up and down by the evidence of their own browsers.

The method is that of Hauer, Hoffmann, Lunney, Ardelean and Diwan, "Meaningful Availability" (NSDI
2020): after a success a user is up, after a failure down, until the next evidence. What is neither
(a click, a page being left) shows that somebody is still there, and keeps the state. Of a silence
longer than the cutoff, what lies beyond the cutoff is nobody's time. Everything here takes time
linear in the signs, and in the minutes of the window.
"""

from enum import IntEnum
from math import ceil

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.times import Span

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]

MINUTE_US = 60_000_000
CUTOFF_QUANTILE = 0.99
CUTOFF_US_MIN, CUTOFF_US_MAX = 60_000_000, 1_800_000_000
CUTOFF_STEP_US = 10_000_000
GAPS_MIN = 100
"""With fewer silences to take a quantile of, the cutoff is the longest there may be."""


class Mark(IntEnum):
    """What one event of a browser says of its user."""

    FAILURE = -1
    PRESENT = 0
    """Neither: the state before goes on."""
    SUCCESS = 1
    AWAY = 2
    """At something else, which is not asked about: neither up nor down from here on."""


class Signs(Struct, frozen=True, kw_only=True):
    """Arrays of one length, an event each, in time order within their session; sessions follow one
    another and are numbered from 0."""

    session: Numbers
    time_us: Numbers
    mark: Numbers


class Stretches(Struct, frozen=True, kw_only=True):
    """Time in one state: arrays of one length. Those of a session do not overlap."""

    session: Numbers
    start_us: Numbers
    end_us: Numbers
    up: NDArray[np.bool_]

    @property
    def seconds(self) -> Floats:
        return (self.end_us - self.start_us) / 1e6


class Minutes(Struct, frozen=True, kw_only=True):
    """Seconds by minute of a window, of all people together, each by its weight; `lived` is of
    those really read, unweighted. Minute 0 is the one that holds the window's start."""

    first: int
    """The number of minute 0 since the epoch."""
    up: Floats
    down: Floats
    lived: Floats


class Worst(Struct, frozen=True):
    """The window of so many minutes, from minute `first` on, with the lowest user-uptime."""

    minutes: int
    first: int
    uptime: float
    active_s: float


def silences(signs: Signs) -> Numbers:
    """How many silences within sessions are of each length, in steps of CUTOFF_STEP_US rounded up,
    those beyond the limits of a cutoff at its limits. Counts of parts add up."""
    gaps = np.diff(signs.time_us)[signs.session[1:] == signs.session[:-1]]
    steps = -(-gaps[gaps > 0] // CUTOFF_STEP_US)
    least, most = CUTOFF_US_MIN // CUTOFF_STEP_US, CUTOFF_US_MAX // CUTOFF_STEP_US
    return np.bincount(np.clip(steps, least, most), minlength=most + 1).astype(np.int64)


def cutoff_us(silences: Numbers) -> int:
    """The silence that 99 % of those within sessions are no longer than, in whole steps."""
    count = int(silences.sum())
    if count < GAPS_MIN:
        return CUTOFF_US_MAX
    rank = ceil((count - 1) * CUTOFF_QUANTILE) + 1
    return int(np.searchsorted(np.cumsum(silences), rank)) * CUTOFF_STEP_US


def stretches(signs: Signs, cutoff_us: int, window: Span) -> Stretches:
    """The time each session spent in a state within the window, sign after sign."""
    same = signs.session[1:] == signs.session[:-1]
    state = _states(signs)[:-1]
    start_us = signs.time_us[:-1]
    end_us = np.minimum(signs.time_us[1:], start_us + cutoff_us)
    start_us, end_us = np.maximum(start_us, window[0]), np.minimum(end_us, window[1])
    lived = same & (start_us < end_us) & (np.abs(state) == 1)
    return Stretches(
        session=signs.session[:-1][lived],
        start_us=start_us[lived],
        end_us=end_us[lived],
        up=state[lived] == Mark.SUCCESS,
    )


def present(signs: Signs, cutoff_us: int, window: Span) -> Stretches:
    """The time people were there at all, whatever they met; all of it is said to be up. A longer
    silence than the cutoff is left out whole, as in the store's active_hours."""
    start_us, end_us = signs.time_us[:-1], signs.time_us[1:]
    near = (signs.session[1:] == signs.session[:-1]) & (end_us - start_us <= cutoff_us)
    start_us, end_us = np.maximum(start_us, window[0]), np.minimum(end_us, window[1])
    lived = near & (start_us < end_us)
    return Stretches(
        session=signs.session[:-1][lived],
        start_us=start_us[lived],
        end_us=end_us[lived],
        up=np.ones(int(lived.sum()), dtype=np.bool_),
    )


def by_minute(found: Stretches, weight: Floats, window: Span) -> Minutes:
    """`weight` is of each session."""
    first = window[0] // MINUTE_US
    count = max(1, -(-window[1] // MINUTE_US) - first)
    of_each = weight[found.session]
    return Minutes(
        first=first,
        up=_spread(found, np.where(found.up, of_each, 0.0), first, count),
        down=_spread(found, np.where(found.up, 0.0, of_each), first, count),
        lived=_spread(found, np.ones(len(of_each)), first, count),
    )


def worst_windows(minutes: Minutes, lived_s_min: float) -> list[Worst]:
    """The worst window of 1, 2, 4 ... minutes and of the whole, the minimal cumulative ratio.

    Windows in which less than `lived_s_min` of people's time was read tell nothing; a length
    without any other is left out.
    """
    count = len(minutes.up)
    up, down, lived = (_sums(each) for each in (minutes.up, minutes.down, minutes.lived))
    found = []
    for length in _lengths(count):
        active = (up[length:] - up[:-length]) + (down[length:] - down[:-length])
        enough = (lived[length:] - lived[:-length] >= lived_s_min) & (active > 0)
        if not enough.any():
            continue
        share = np.where(enough, (up[length:] - up[:-length]) / np.maximum(active, 1e-9), np.inf)
        at = int(np.argmin(share))
        found.append(Worst(length, at, min(1.0, max(0.0, float(share[at]))), float(active[at])))
    return found


def _lengths(count: int) -> list[int]:
    lengths = []
    length = 1
    while length < count:
        lengths.append(length)
        length *= 2
    return [*lengths, count]


def _sums(values: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(values)])


def _states(signs: Signs) -> Numbers:
    """Each sign's state: that of the latest one of its session that says something; 0 before."""
    place = np.arange(len(signs.mark))
    telling = np.maximum.accumulate(np.where(signs.mark != Mark.PRESENT, place, -1))
    begins = np.concatenate([[True], signs.session[1:] != signs.session[:-1]])[: len(place)]
    began = np.maximum.accumulate(np.where(begins, place, 0))
    known = telling >= began
    return np.where(known, signs.mark[np.maximum(telling, 0)], 0)


def _spread(found: Stretches, weight: Floats, first: int, count: int) -> Floats:
    """Weighted seconds of the stretches by minute: their ends where they are, and the whole minutes
    between by differences, so that a long stretch costs no more than a short one."""
    begin, end = found.start_us // MINUTE_US - first, found.end_us // MINUTE_US - first
    within_begin = (found.start_us - (begin + first) * MINUTE_US) / 1e6
    within_end = (found.end_us - (end + first) * MINUTE_US) / 1e6
    # Of the stretch from its start to the end of its last minute, less what it lacks of the two.
    steps = np.bincount(begin, weight * 60.0, count + 1)[: count + 1]
    steps -= np.bincount(np.minimum(end, count), weight * 60.0, count + 1)[: count + 1]
    seconds = np.cumsum(steps)[:count]
    seconds -= np.bincount(begin, weight * within_begin, count + 1)[:count]
    seconds += np.bincount(np.minimum(end, count), weight * within_end, count + 1)[:count]
    return np.maximum(seconds, 0.0)
