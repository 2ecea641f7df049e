"""Sessions as arrays, and shares of them: levels, visitors and weights behind the figures."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate
from analytics.coded import Coded, Places
from analytics.estimates import share
from analytics.session_cells import SessionCells
from analytics.visitors import visitors_at_least

Mask = NDArray[np.bool_]


class Cohort(Struct, frozen=True, kw_only=True):
    """Arrays of one length, a session each."""

    level: Coded
    visitor: NDArray[np.uint64]
    weight: NDArray[np.float64]

    def of(self, members: Places | Mask) -> "Cohort":
        """Those of the mask, or at the places."""
        return Cohort(
            level=self.level[members], visitor=self.visitor[members], weight=self.weight[members]
        )

    def among(self, chosen: Places | None = None) -> "Denominator":
        """What shares of all of these sessions, or of those at the places `chosen`, need to be
        known of them, once for many shares."""
        weight = self.weight if chosen is None else self.weight[chosen]
        return Denominator(
            sessions=len(weight),
            weight=float(weight.sum()),
            squares=float(np.square(weight).sum()),
            visitors=visitors_at_least(self.visitor, chosen),
        )

    def among_each(self, group: Places, groups: int) -> list["Denominator"]:
        """The same of the sessions of each group; `group` has a session's, from 0."""
        cells = self.in_cells(group, groups)
        return [Denominator.of(cells, [cell]) for cell in range(groups)]

    def in_cells(self, cell: Places, cells: int) -> SessionCells:
        """The sessions put into cells; `cell` has a session's, from 0."""
        return SessionCells(cell, cells, self.weight, self.visitor)


class Denominator(Struct, frozen=True):
    """Sessions that shares are of: how many, their weights, the squares of these, and at least how
    many visitors."""

    sessions: int
    weight: float
    squares: float
    visitors: int

    @classmethod
    def of(cls, sessions: SessionCells, cells: Sequence[int]) -> "Denominator":
        """The sessions of the cells."""
        return cls(
            sessions=sum(int(sessions.sessions[cell]) for cell in cells),
            weight=sum(float(sessions.weight[cell]) for cell in cells),
            squares=sum(float(sessions.squares[cell]) for cell in cells),
            visitors=sessions.visitors(cells),
        )

    def share(self, weight: float) -> Estimate:
        """The share of sessions of `weight` among these."""
        # Sums of the same weights in another order may differ in their last digit.
        return share(min(weight, self.weight), self.weight, self.squares, self.visitors)
