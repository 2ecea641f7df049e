"""Levels that go on from a step less often than the other levels, all through a window.

A level is compared with the other declared levels together. It must be at least `POINTS_MIN`
behind, hold against all comparisons made (Benjamini-Hochberg), and be behind in most parts of the
window, so that one bad day is not taken for a habit.
"""

from collections.abc import Sequence
from math import erfc, prod, sqrt

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.estimates import Difference, difference, significant
from analytics.funnel_sessions import FunnelSessions
from analytics.slots import Slots

SESSIONS_MIN = 100
"""Of the level, and of the others, at the step."""
POINTS_MIN = 0.05
PARTS = 8
PART_SESSIONS_MIN = 20
PARTS_BEHIND_MIN = 0.75
FALSE_RATE = 0.01

Counts = NDArray[np.int64]


class Gap(Struct, frozen=True, kw_only=True):
    """`level` goes on from `step` (from 1) less often than `others`: a negative difference."""

    level: str
    others: tuple[str, ...]
    step: int
    difference: Difference


def gaps(sessions: FunnelSessions, steps: int, slots: Slots, levels: Sequence[str]) -> list[Gap]:
    """The widest first."""
    found = sessions.level.found
    present = [level for level in levels if level in found]
    came = _came(sessions, steps, slots, present)
    whole = came.sum(axis=1)
    tried: list[tuple[Gap, float, bool]] = []
    for place, level in enumerate(present):
        others = tuple(other for other in present if other != level)
        ours, theirs = whole[place], whole.sum(axis=0) - whole[place]
        parts = came[place], came.sum(axis=0) - came[place]
        for step in range(1, steps):
            (n1, x1), (n2, x2) = (each[step : step + 2].tolist() for each in (ours, theirs))
            if min(n1, n2) < SESSIONS_MIN:
                continue
            apart = difference((x1 / n1, n1), (x2 / n2, n2))
            gap = Gap(level=level, others=others, step=step, difference=apart)
            tried.append((gap, _chance(x1, n1, x2, n2), _behind(*parts, step)))
    holding = significant([chance for _, chance, _ in tried], FALSE_RATE)
    kept = [
        gap
        for (gap, _, behind), holds in zip(tried, holding, strict=True)
        if holds and behind and gap.difference.value <= -POINTS_MIN
    ]
    return sorted(kept, key=lambda gap: gap.difference.value)


def _came(sessions: FunnelSessions, steps: int, slots: Slots, levels: Sequence[str]) -> Counts:
    """By level, part of the window and step, how many sessions came to it or further."""
    level = sessions.level.among(levels)
    slot = np.clip(sessions.entered_us // slots.width_us - slots.first, 0, slots.count - 1)
    shape = (len(levels), PARTS, steps + 1)
    cell = (level * PARTS + slot * PARTS // slots.count) * (steps + 1) + sessions.depth
    by_depth = np.bincount(cell[sessions.settled & (level >= 0)], minlength=prod(shape))
    return np.cumsum(by_depth.reshape(shape)[:, :, ::-1], axis=2)[:, :, ::-1]


def _chance(x1: int, n1: int, x2: int, n2: int) -> float:
    """Two-sided p value of two shares being equal (pooled z)."""
    pooled = (x1 + x2) / (n1 + n2)
    spread = sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return erfc(abs(x1 / n1 - x2 / n2) / spread / sqrt(2)) if spread else 1.0


def _behind(ours: Counts, theirs: Counts, step: int) -> bool:
    """Whether the level is behind in most of the window's parts that hold enough sessions; both by
    part and step."""
    told = behind = 0
    for one, other in zip(ours.tolist(), theirs.tolist(), strict=True):
        (n1, x1), (n2, x2) = one[step : step + 2], other[step : step + 2]
        if min(n1, n2) >= PART_SESSIONS_MIN:
            told += 1
            behind += x1 / n1 < x2 / n2
    return told > 0 and behind >= PARTS_BEHIND_MIN * told
