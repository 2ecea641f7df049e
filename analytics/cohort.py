"""Sessions as arrays, and shares of them: levels, visitors and weights behind the figures."""

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate
from analytics.estimates import VISITORS_MIN, share
from analytics.visitors import visitors_at_least

HEAD = 10_000
"""So many of the first sessions tell as a rule whether a group has visitors enough."""

Mask = NDArray[np.bool_]
Places = NDArray[np.signedinteger[Any]]


class Cohort(Struct, frozen=True, kw_only=True):
    """Arrays of one length, a session each."""

    level: NDArray[Any]
    """Names; or places among names, where sessions are millions."""
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
        within = group + 1
        sessions = np.bincount(within, minlength=groups + 1)
        weights = np.bincount(within, self.weight, groups + 1)
        squares = np.bincount(within, np.square(self.weight), groups + 1)
        return [
            Denominator(
                sessions=int(sessions[each + 1]),
                weight=float(weights[each + 1]),
                squares=float(squares[each + 1]),
                visitors=self._visitors(group, each),
            )
            for each in range(groups)
        ]

    def _visitors(self, group: Places, each: int) -> int:
        first = visitors_at_least(self.visitor[:HEAD][group[:HEAD] == each])
        if first >= VISITORS_MIN:
            return first
        return visitors_at_least(self.visitor[group == each])


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
