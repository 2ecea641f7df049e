"""People of a journey in slots of time: who entered, and what share of them came to the end."""

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate, Withheld
from analytics.estimates import users_share
from analytics.funnel_sessions import FunnelSessions
from analytics.levels import EVERYONE
from analytics.session_cells import SessionCells
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
    # Those of no level asked for are of the last row.
    row = sessions.level.among(levels) % (len(levels) + 1)
    cell = row * slots.count + slot
    entered = np.bincount(cell, minlength=(len(levels) + 1) * slots.count).reshape(-1, slots.count)
    passed = _passed(sessions, cell, entered.size, steps)
    rows = {EVERYONE: range(len(entered)), **{level: [n] for n, level in enumerate(levels)}}
    return People(
        {level: entered[list(chosen)].sum(axis=0).tolist() for level, chosen in rows.items()},
        {
            level: [
                passed([row * slots.count + slot for row in chosen]) for slot in range(slots.count)
            ]
            for level, chosen in rows.items()
        },
    )


def _passed(
    sessions: FunnelSessions, cell: NDArray[np.intp], cells: int, steps: int
) -> Callable[[Sequence[int]], Estimate]:
    """Gives, of the sessions of some cells, the share that came to the end."""
    settled = np.flatnonzero(sessions.settled)
    converted = (sessions.depth[settled] == steps).astype(np.intp)
    weight, visitor = sessions.weight[settled], sessions.visitor[settled]
    # Beside each other: those of a cell that did not, and those that did.
    by_end = SessionCells(2 * cell[settled] + converted, 2 * cells, weight, visitor)

    def of_users(chosen: Sequence[int]) -> Estimate:
        places = by_end.places([end for each in chosen for end in (2 * each, 2 * each + 1)])
        return users_share(weight[places], visitor[places], converted[places] > 0)

    def of_sessions(chosen: Sequence[int]) -> Estimate:
        did = [2 * each + 1 for each in chosen]
        return by_end.share(did, [*did, *(2 * each for each in chosen)])

    return of_users if sessions.of_users else of_sessions
