"""Stretches of time in which people went on from a step less often than usual.

For every level, step and stretch of neighbouring slots, those who went on are compared with the
rest of the window: at least `POINTS_MIN` fewer, and so many fewer that chance would show one such
stretch among all that were looked at once in a hundred windows (exact binomial tail, Bonferroni).
"""

from collections.abc import Iterable, Iterator, Sequence
from math import exp, lgamma, log, prod

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.estimates import Difference, difference
from analytics.funnel_sessions import FunnelSessions
from analytics.levels import EVERYONE
from analytics.slots import Slots

LENGTHS = (*range(1, 13), 14, 16, 18, 20, 24, 30, 36, 48, 72)
"""Of stretches, in slots."""
SESSIONS_MIN = 20
"""In the stretch; and five times as many in the rest of the window."""
POINTS_MIN = 0.10
CHANCE_MAX = 0.01
SCORE_MAX = -4.0
DIPS_MAX = 5

Counts = NDArray[np.int64]


class Dip(Struct, frozen=True, kw_only=True):
    """Slots `first` up to but not including `end`; `step` is the one they went on from, from 1."""

    level: str
    step: int
    first: int
    end: int
    share: float
    usual: float
    difference: Difference
    """Of the two: negative."""
    lasts: bool
    """Whether it reaches the last slot in which anybody came to the step."""


class _Candidate(Struct, frozen=True):
    score: float
    level: str
    step: int
    first: int
    end: int
    went_on: int
    came: int
    rest_went_on: int
    rest_came: int
    lasts: bool


def dips(sessions: FunnelSessions, steps: int, slots: Slots, levels: Sequence[str]) -> list[Dip]:
    """The clearest ones, none overlapping another in time, in time order."""
    codes, names = sessions.level.codes, sessions.level.names
    slot = np.clip(sessions.entered_us // slots.width_us - slots.first, 0, slots.count - 1)
    place = (codes * (steps + 1) + sessions.depth) * slots.count + slot
    shape = (len(names), steps + 1, slots.count)
    by_level = np.bincount(place[sessions.settled], minlength=prod(shape)).reshape(shape)
    counts = dict(zip(names, by_level, strict=True))
    counts[EVERYONE] = by_level.sum(axis=0)
    return clearest(
        # By slot of entry: sessions that came to the step, and those of them that went on.
        (level, step, counts[level][step:].sum(axis=0), counts[level][step + 1 :].sum(axis=0))
        for level in (EVERYONE, *levels)
        for step in range(1, steps)
        if level in counts
    )


def clearest(
    counted: Iterable[tuple[str, int, Counts, Counts]], fewer_min: float = 0.0
) -> list[Dip]:
    """Of a level and a step each: those who came by slot, and those of them that went on. A stretch
    must lack at least `fewer_min` sessions of what is usual."""
    candidates: list[_Candidate] = []
    looked_at = 0
    for level, step, came, went_on in counted:
        tried, found = _stretches(came, went_on, level, step)
        looked_at += tried
        candidates += [each for each in found if _fewer(each) >= fewer_min]
    chosen: list[_Candidate] = []
    for each in sorted(candidates, key=lambda each: each.score):
        if len(chosen) == DIPS_MAX:
            break
        apart = all(each.end < other.first or each.first > other.end for other in chosen)
        if apart and _chance(each) * looked_at <= CHANCE_MAX:
            chosen.append(each)
    return [_dip(each) for each in sorted(chosen, key=lambda each: each.first)]


def _stretches(
    came: Counts, went_on: Counts, level: str, step: int
) -> tuple[int, list[_Candidate]]:
    """How many stretches were looked at, and those low enough for the exact test."""
    sums_came = np.concatenate([[0], np.cumsum(came)])
    sums_on = np.concatenate([[0], np.cumsum(went_on)])
    last = int(np.max(np.nonzero(came)[0], initial=-1))
    looked_at = 0
    found: list[_Candidate] = []
    for length in LENGTHS:
        if length >= len(sums_came):
            break
        n = sums_came[length:] - sums_came[:-length]
        x = sums_on[length:] - sums_on[:-length]
        rest_n, rest_x = sums_came[-1] - n, sums_on[-1] - x
        enough = (n >= SESSIONS_MIN) & (rest_n >= 5 * n)
        looked_at += int(enough.sum())
        usual = rest_x / np.maximum(rest_n, 1)
        spread = np.sqrt(np.maximum(n * usual * (1 - usual), 1e-9))
        score = (x - n * usual) / spread
        low = enough & (score <= SCORE_MAX) & (usual - x / np.maximum(n, 1) >= POINTS_MIN)
        for first in np.nonzero(low)[0].tolist():
            counts = (int(x[first]), int(n[first]), int(rest_x[first]), int(rest_n[first]))
            end = first + length
            found.append(
                _Candidate(float(score[first]), level, step, first, end, *counts, end > last)
            )
    return looked_at, found


def _fewer(candidate: _Candidate) -> float:
    usual = candidate.rest_went_on / candidate.rest_came
    return candidate.came * usual - candidate.went_on


def _chance(candidate: _Candidate) -> float:
    """The probability of no more going on, were their share that of the rest: a binomial tail. One
    more of the rest is taken not to have gone on: that all did so far makes no failure certain."""
    share = candidate.rest_went_on / (candidate.rest_came + 1)
    return sum(_binomial(candidate.came, candidate.went_on, share))


def _binomial(n: int, most: int, p: float) -> Iterator[float]:
    for k in range(most + 1):
        ways = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
        yield exp(ways + k * log(p) + (n - k) * log(1 - p))


def _dip(each: _Candidate) -> Dip:
    share, usual = each.went_on / each.came, each.rest_went_on / each.rest_came
    return Dip(
        level=each.level,
        step=each.step,
        first=each.first,
        end=each.end,
        share=share,
        usual=usual,
        difference=difference((share, each.came), (usual, each.rest_came)),
        lasts=each.lasts,
    )
