"""Shares of views that came as far as each of several marks, all of them told in one pass: views of
one session are alike, so of each mark the sums of its sessions are needed."""

import numpy as np
from numpy.typing import NDArray

from analytics.basis import Estimate
from analytics.coded import Places
from analytics.estimates import ClusterSums

Floats = NDArray[np.float64]


def shares_reaching(
    reached: Places, marks: int, session: Places, weight: Floats, visitors: int
) -> list[Estimate]:
    """Of each mark the share of views that reached it. An element a view: how many of the marks it
    reached, for who reaches one reaches those before it, and its session's number; `weight` has an
    element a session, `visitors` is how many stand behind them.

    Of a session with y views, the n-th from the furthest adds y to the products of hits and trials,
    and 2 n - 1 to the squares of hits, as in analytics/vital_sums.py.
    """
    views = np.bincount(session, minlength=len(weight))
    w, y = weight[session], views[session].astype(np.float64)
    own = weight[views > 0]
    hits, products, hits_squares = (
        _from_furthest(reached, marks, each)
        for each in (w, w * w * y, w * w * (2 * _nth_from_furthest(reached, session, views) - 1))
    )
    sums = {
        "sessions": len(own),
        "weight": float(own.sum()),
        "weight_squares": float(np.square(own).sum()),
        "trials": float(w.sum()),
        "trials_squares": float((w * w * y).sum()),
    }
    return [
        ClusterSums(
            **sums,
            hits=float(hits[mark]),
            products=float(products[mark]),
            hits_squares=float(hits_squares[mark]),
        ).share(visitors)
        for mark in range(1, marks + 1)
    ]


def _from_furthest(reached: Places, marks: int, values: Floats) -> Floats:
    """Of each number of marks, the sum of the views that reached as many or more."""
    added = np.bincount(reached, values, marks + 1)
    return np.cumsum(added[::-1])[::-1].astype(np.float64)


def _nth_from_furthest(reached: Places, session: Places, views: Places) -> Places:
    """Which each view is among those of its session, from 1 on; few sessions have several."""
    nth = np.ones(len(session), dtype=np.intp)
    several = np.flatnonzero(views[session] > 1)
    order = several[np.lexsort((-reached[several], session[several]))]
    of = session[order]
    begins = np.ones(len(of), dtype=np.bool_)
    begins[1:] = of[1:] != of[:-1]
    first = np.flatnonzero(begins)
    nth[order] = np.arange(len(of)) - np.repeat(first, np.diff(first, append=len(of))) + 1
    return nth
