"""People of a journey in slots of time: who entered, and what share of them came to the end."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate, Withheld
from analytics.funnel_sessions import FunnelSessions, Mask, share_of
from analytics.levels import EVERYONE
from analytics.slots import Slots


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
    places = np.flatnonzero(members)
    ordered = places[np.argsort(slot[places], kind="stable")]
    ends = np.searchsorted(slot[ordered], np.arange(count + 1))
    return [
        _share(sessions, ordered[first:end], steps)
        for first, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    ]


def _share(sessions: FunnelSessions, places: NDArray[np.intp], steps: int) -> Estimate:
    return share_of(
        sessions.weight[places],
        sessions.visitor[places],
        sessions.depth[places] == steps,
        np.ones(len(places), dtype=np.bool_),
        of_users=sessions.of_users,
    )
