"""Shares and quantiles of things that come in sessions, as views do: those of one session are
alike, so of each figure the sums of its sessions are needed. Of things in order they are told in
one pass over them, whatever is asked then."""

import numpy as np
from msgspec import Struct

from analytics.basis import Estimate, Withheld
from analytics.coded import Places
from analytics.cohort import Mask
from analytics.estimates import ClusterSums, Floats, place_of, ratio_of, withheld, woodruff


class InOrder:
    """Things with their values, ascending: an element a thing, with its session's number and its
    weight; things of one session may differ in weight, where a session stands for a user."""

    def __init__(self, values: Floats, session: Places, weight: Floats) -> None:
        self._values, self._weight = values, weight
        self._turns = in_turn(session, weight)
        own = self._turns.mean[self._turns.first]
        self._sessions = len(own)
        self._own, self._own_squares = float(own.sum()), float(np.square(own).sum())

    def quantile(self, q: float) -> Estimate:
        """With Woodruff's interval; every session counts as a visitor."""
        if not len(self._values):
            return withheld(Withheld.NO_DATA, 0.0)
        reached = np.cumsum(self._weight)
        effective_n = ratio_of(self._at_most(float(self._values[place_of(reached, q)])))[1]
        return woodruff(self._values, reached, q, effective_n, self._sessions)

    def at_most(self, limit: float, visitors: int | None = None) -> Estimate:
        """The share of things with a value up to `limit`; see ClusterSums.share()."""
        return self._at_most(limit).share(visitors)

    def above(self, limit: float, visitors: int | None = None) -> Estimate:
        """The share of things with a value over `limit`."""
        return self._at_most(limit).of_others.share(visitors)

    def _at_most(self, limit: float) -> ClusterSums:
        end = int(np.searchsorted(self._values, limit, side="right"))
        return ClusterSums(
            sessions=self._sessions,
            weight=self._own,
            weight_squares=self._own_squares,
            trials=float(self._weight.sum()),
            hits=float(self._weight[:end].sum()),
            trials_squares=float(self._turns.products.sum()),
            products=float(self._turns.products[:end].sum()),
            hits_squares=float(self._turns.hits_squares[:end].sum()),
        )


class Turns(Struct, frozen=True):
    """Of each thing by how much it has its session's sums grow as it becomes a hit after those
    before it (see estimates.ClusterSums), the mean weight of the session's things, and whether it
    is the first of them."""

    products: Floats
    hits_squares: Floats
    mean: Floats
    first: Mask


def in_turn(session: Places, weight: Floats, by: Places | None = None) -> Turns:
    """Things of each session one after the other, by their number in `by`, or else as they stand.
    Few sessions have several."""
    things = np.bincount(session)[session]
    whole = np.bincount(session, weight).astype(np.float64)[session]
    up_to, first = weight.astype(np.float64), np.ones(len(session), dtype=np.bool_)
    several = np.flatnonzero(things > 1)
    keys = session[several].astype(np.int64)
    if by is not None:
        keys = keys * (int(by.max(initial=0)) + 1) + by[several]
    order = several[np.argsort(keys, kind="stable")]
    of = session[order]
    begins = np.ones(len(of), dtype=np.bool_)
    begins[1:] = of[1:] != of[:-1]
    running = np.cumsum(weight[order])
    starts = np.flatnonzero(begins)
    before = running[starts] - weight[order][starts]
    up_to[order] = running - np.repeat(before, np.diff(starts, append=len(of)))
    first[order] = begins
    return Turns(weight * whole, weight * (2 * up_to - weight), whole / things, first)
