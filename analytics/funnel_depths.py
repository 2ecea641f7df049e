"""How many sessions of a funnel came to each step, and the shares that are made of that."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate
from analytics.estimates import ClusterSums, share
from analytics.funnel_sessions import FunnelSessions, Mask
from analytics.visitors import LOOKED_AT, visitors_at_least

Floats = NDArray[np.float64]


class Depths(Struct, frozen=True, kw_only=True):
    """Of some sessions; element n of each is of step n. Shares are of those no longer in window.

    `weight` and `squares` are of those who came to the step or further, `visitors` how many these
    are at least; `ended` and `in_window` are how many sessions came to it and no further.
    """

    weight: Floats
    squares: Floats
    visitors: tuple[int, ...]
    ended: NDArray[np.int64]
    in_window: NDArray[np.int64]
    users: Floats | None = None
    """Where users were drawn: how many of them came to each step or further."""
    products: Floats | None = None
    """And the sums over users of the products of the weights of their sessions that came to one
    step and to another."""

    def share(self, came_to: int, among: int) -> Estimate:
        """The share that came to step `came_to` among those who came to step `among`, from 1."""
        if self.users is not None and self.products is not None:
            users = float(self.users[among])
            return ClusterSums(
                sessions=users,
                weight=users,
                weight_squares=users,
                trials=float(self.weight[among]),
                hits=float(self.weight[came_to]),
                trials_squares=float(self.products[among, among]),
                products=float(self.products[came_to, among]),
                hits_squares=float(self.products[came_to, came_to]),
            ).share(self.visitors[among])
        return share(
            float(self.weight[came_to]),
            float(self.weight[among]),
            float(self.squares[among]),
            self.visitors[among],
            successes_squares=float(self.squares[came_to]),
        )

    def reached(self, number: int) -> int:
        """How many sessions came to a step or further, those in window too."""
        return int(self.ended[number:].sum() + self.in_window[number:].sum())


def depths(sessions: FunnelSessions, members: Mask, steps: int) -> Depths:
    """Of the members, in a funnel of so many steps."""
    settled = np.flatnonzero(members & sessions.settled)
    still = np.flatnonzero(members & ~sessions.settled)
    depth, weight = sessions.depth[settled], sessions.weight[settled]
    visitor = sessions.visitor[settled]
    users, products = (
        _clusters(depth, weight, visitor, steps) if sessions.of_users else (None, None)
    )
    return Depths(
        users=users,
        products=products,
        weight=_or_further(depth, weight, steps),
        squares=_or_further(depth, np.square(weight), steps),
        visitors=tuple(_visitors(depth, visitor, number) for number in range(steps + 1)),
        ended=np.bincount(depth, minlength=steps + 1),
        in_window=np.bincount(sessions.depth[still], minlength=steps + 1),
    )


def _clusters(
    depth: NDArray[np.int64], weight: Floats, visitor: NDArray[np.uint64], steps: int
) -> tuple[Floats, Floats]:
    """How many users came to each step, and the sums of products of what each brought."""
    known, user = np.unique(visitor, return_inverse=True)
    brought = np.array(
        [np.bincount(user, weight * (depth >= number), len(known)) for number in range(steps + 1)]
    )
    users = np.count_nonzero(brought, axis=1).astype(np.float64)
    return users, np.einsum("iu,ju->ij", brought, brought)


def _or_further(depth: NDArray[np.int64], amounts: Floats, steps: int) -> Floats:
    """The sum of the amounts of those who came to each step or further."""
    by_depth = np.bincount(depth, amounts, steps + 1)
    return np.asarray(np.cumsum(by_depth[::-1])[::-1], dtype=np.float64)


def _visitors(depth: NDArray[np.int64], visitor: NDArray[np.uint64], number: int) -> int:
    """Those who came to a step: the first ones tell as a rule."""
    some = visitor[: 20 * LOOKED_AT][depth[: 20 * LOOKED_AT] >= number]
    return visitors_at_least(some if len(some) >= LOOKED_AT else visitor[depth >= number])
