"""Levels that go on from a step less often than the other levels, all through a window.

A level is compared with the other declared levels together. It must be at least `POINTS_MIN`
behind, hold against all comparisons made (Benjamini-Hochberg), and be behind in most parts of the
window, so that one bad day is not taken for a habit.
"""

from collections.abc import Sequence
from math import erfc, sqrt

import numpy as np
import pandas as pd
from msgspec import Struct

from analytics.estimates import Difference, difference, significant
from analytics.funnel_sessions import FunnelSessions, Mask
from analytics.slots import Slots

SESSIONS_MIN = 100
"""Of the level, and of the others, at the step."""
POINTS_MIN = 0.05
PARTS = 8
PART_SESSIONS_MIN = 20
PARTS_BEHIND_MIN = 0.75
FALSE_RATE = 0.01


class Gap(Struct, frozen=True, kw_only=True):
    """`level` goes on from `step` (from 1) less often than `others`: a negative difference."""

    level: str
    others: tuple[str, ...]
    step: int
    difference: Difference


def gaps(sessions: FunnelSessions, steps: int, slots: Slots, levels: Sequence[str]) -> list[Gap]:
    """The widest first."""
    codes, names = pd.factorize(sessions.level)
    known = {name: code for code, name in enumerate(names.tolist())}
    present = [level for level in levels if level in known]
    tried: list[tuple[Gap, float, bool]] = []
    declared = np.isin(codes, [known[level] for level in present]) & sessions.settled
    for level in present:
        ours = declared & (codes == known[level])
        for step in range(1, steps):
            came, onward = sessions.depth >= step, sessions.depth > step
            counts = [_count(side, came, onward) for side in (ours, declared & ~ours)]
            if min(n for _, n in counts) < SESSIONS_MIN:
                continue
            others = tuple(other for other in present if other != level)
            (x1, n1), (x2, n2) = counts
            found = difference((x1 / n1, n1), (x2 / n2, n2))
            gap = Gap(level=level, others=others, step=step, difference=found)
            behind = _behind(sessions, slots, ours, declared & ~ours, came, onward)
            tried.append((gap, _chance(x1, n1, x2, n2), behind))
    holding = significant([chance for _, chance, _ in tried], FALSE_RATE)
    kept = [
        gap
        for (gap, _, behind), holds in zip(tried, holding, strict=True)
        if holds and behind and gap.difference.value <= -POINTS_MIN
    ]
    return sorted(kept, key=lambda gap: gap.difference.value)


def _count(side: Mask, came: Mask, onward: Mask) -> tuple[int, int]:
    return int((side & onward).sum()), int((side & came).sum())


def _chance(x1: int, n1: int, x2: int, n2: int) -> float:
    """Two-sided p value of two shares being equal (pooled z)."""
    pooled = (x1 + x2) / (n1 + n2)
    spread = sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return erfc(abs(x1 / n1 - x2 / n2) / spread / sqrt(2)) if spread else 1.0


def _behind(
    sessions: FunnelSessions, slots: Slots, ours: Mask, others: Mask, came: Mask, onward: Mask
) -> bool:
    """Whether the level is behind in most of the window's parts that hold enough sessions."""
    slot = np.clip(sessions.entered_us // slots.width_us - slots.first, 0, slots.count - 1)
    part = slot * PARTS // slots.count
    told = behind = 0
    for number in range(PARTS):
        (x1, n1), (x2, n2) = (
            _count(side & (part == number), came, onward) for side in (ours, others)
        )
        if min(n1, n2) >= PART_SESSIONS_MIN:
            told += 1
            behind += x1 / n1 < x2 / n2
    return told > 0 and behind >= PARTS_BEHIND_MIN * told
