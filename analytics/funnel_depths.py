"""How many sessions of a funnel came to each step, and the shares that are made of that."""

from collections.abc import Sequence
from math import prod

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate
from analytics.estimates import ClusterSums, share
from analytics.funnel_sessions import FunnelSessions, Mask
from analytics.session_cells import SessionCells

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


class Tally:
    """Sessions by group and step, and Depths of groups together."""

    def __init__(
        self, sessions: FunnelSessions, group: NDArray[np.intp], groups: int, steps: int
    ) -> None:
        """`group`: of each session, the number of its group, below `groups`."""
        self._sessions = sessions
        self._group = group
        self._steps = steps
        by_depth = group * (steps + 1) + sessions.depth
        settled = sessions.settled
        whole = bool(settled.all())
        self._settled = SessionCells(
            by_depth if whole else by_depth[settled],
            groups * (steps + 1),
            sessions.weight if whole else sessions.weight[settled],
            sessions.visitor if whole else sessions.visitor[settled],
        )
        # Not -1: where nobody came and no level is declared, there are no groups.
        self._shape = groups, steps + 1
        self._all = np.bincount(by_depth, minlength=prod(self._shape)).reshape(self._shape)

    def entered(self, groups: Sequence[int]) -> int:
        """How many sessions are of these groups, those in window too."""
        return int(self._all[list(groups)].sum())

    def depths(self, groups: Sequence[int]) -> Depths:
        chosen = list(groups)
        settled, weight, squares = (
            each.reshape(self._shape)[chosen].sum(axis=0)
            for each in (self._settled.sessions, self._settled.weight, self._settled.squares)
        )
        users, products = self._clusters(chosen) if self._sessions.of_users else (None, None)
        return Depths(
            users=users,
            products=products,
            weight=_or_further(weight),
            squares=_or_further(squares),
            visitors=tuple(self._visitors(chosen, number) for number in range(self._steps + 1)),
            ended=settled,
            in_window=self._all[chosen].sum(axis=0) - settled,
        )

    def _visitors(self, groups: Sequence[int], number: int) -> int:
        """Of those who came to a step or further."""
        width = self._steps + 1
        return self._settled.visitors(
            [group * width + depth for group in groups for depth in range(number, width)]
        )

    def _clusters(self, groups: Sequence[int]) -> tuple[Floats, Floats]:
        """How many users came to each step, and the sums of products of what each brought."""
        sessions = self._sessions
        some = np.flatnonzero(np.isin(self._group, groups) & sessions.settled)
        depth, weight = sessions.depth[some], sessions.weight[some]
        known, user = np.unique(sessions.visitor[some], return_inverse=True)
        brought = np.array(
            [
                np.bincount(user, weight * (depth >= number), len(known))
                for number in range(self._steps + 1)
            ]
        )
        users = np.count_nonzero(brought, axis=1).astype(np.float64)
        return users, np.einsum("iu,ju->ij", brought, brought)


def depths(sessions: FunnelSessions, members: Mask, steps: int) -> Depths:
    """Of the members, in a funnel of so many steps."""
    return Tally(sessions, members.astype(np.intp), 2, steps).depths([1])


def _or_further(by_depth: Floats) -> Floats:
    """The sum of the amounts of those who came to each step or further."""
    return np.asarray(np.cumsum(by_depth[::-1])[::-1], dtype=np.float64)
