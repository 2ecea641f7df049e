"""People of a journey in slots of time: who entered, and what share of them came to the end."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate, Withheld
from analytics.estimates import share
from analytics.funnel_sessions import FunnelSessions, Mask
from analytics.levels import EVERYONE
from analytics.slots import Slots
from analytics.visitors import visitors_by_slot


class People(Struct, frozen=True):
    """By level ("" for everyone), a list of one element a slot."""

    entered: dict[str, list[int]]
    passed: dict[str, list[Estimate]]

    @property
    def mostly_withheld(self) -> bool:
        """Whether more than half of the shares of slots that somebody entered are withheld."""
        shares = [
            each
            for estimates in self.passed.values()
            for each in estimates
            if each.withheld is not Withheld.NO_DATA
        ]
        return 2 * sum(each.withheld is not None for each in shares) >= len(shares)


def by_slot(sessions: FunnelSessions, steps: int, slots: Slots, levels: Sequence[str]) -> People:
    """Sessions belong to the slot they first entered in; shares leave out who is in window."""
    slot = np.clip(sessions.entered_us // slots.width_us - slots.first, 0, slots.count - 1)
    entered: dict[str, list[int]] = {}
    passed: dict[str, list[Estimate]] = {}
    for level in (EVERYONE, *levels):
        members = np.ones(len(slot), dtype=np.bool_)
        if level != EVERYONE:
            members = np.asarray(sessions.level == level)
        entered[level] = np.bincount(slot[members], minlength=slots.count).tolist()
        passed[level] = _shares(sessions, members & sessions.settled, slot, steps, slots.count)
    return People(entered, passed)


def _shares(
    sessions: FunnelSessions, members: Mask, slot: NDArray[np.int64], steps: int, count: int
) -> list[Estimate]:
    slot, weight = slot[members], sessions.weight[members]
    through = sessions.depth[members] == steps
    totals = np.bincount(slot, weight, count)
    squares = np.bincount(slot, weight**2, count)
    successes = np.bincount(slot[through], weight[through], count)
    successes_squares = np.bincount(slot[through], weight[through] ** 2, count)
    visitors = visitors_by_slot(slot, sessions.visitor[members], count)
    return [
        share(
            float(successes[i]),
            float(totals[i]),
            float(squares[i]),
            visitors[i],
            successes_squares=float(successes_squares[i]),
        )
        for i in range(count)
    ]
