"""Sessions as arrays, and shares of them: levels, visitors and weights behind the figures."""

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

    def among(self) -> "Denominator":
        """What shares of all of these sessions need to be known of them, once for many shares."""
        return Denominator(
            sessions=len(self.weight),
            weight=float(self.weight.sum()),
            squares=float(np.square(self.weight).sum()),
            visitors=visitors_at_least(self.visitor),
        )

    def among_each(self, group: Places, groups: int) -> list["Denominator"]:
        """The same of the sessions of each group; `group` has a session's, from 0, or -1."""
        cells = SessionCells(group + 1, groups + 1, self.weight, self.visitor)
        return [
            Denominator(
                sessions=int(cells.sessions[cell]),
                weight=float(cells.weight[cell]),
                squares=float(cells.squares[cell]),
                visitors=cells.visitors([cell]),
            )
            for cell in range(1, groups + 1)
        ]


class Denominator(Struct, frozen=True):
    """Sessions that shares are of: how many, their weights, the squares of these, and at least how
    many visitors."""

    sessions: int
    weight: float
    squares: float
    visitors: int

    def share(self, weight: float) -> Estimate:
        """The share of sessions of `weight` among these."""
        # Sums of the same weights in another order may differ in their last digit.
        return share(min(weight, self.weight), self.weight, self.squares, self.visitors)
