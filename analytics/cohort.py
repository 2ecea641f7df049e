"""Sessions as arrays, and shares of them: levels, visitors and weights behind the figures."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate
from analytics.estimates import share
from analytics.visitors import visitors_at_least

Mask = NDArray[np.bool_]


class Cohort(Struct, frozen=True, kw_only=True):
    """Arrays of one length, a session each."""

    level: NDArray[np.object_]
    visitor: NDArray[np.uint64]
    weight: NDArray[np.float64]

    def of(self, members: NDArray[np.int64] | Mask) -> "Cohort":
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
