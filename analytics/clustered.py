"""Shares of things that come in sessions, as views do: those of one session are alike, so of each
share the sums of its sessions are needed. Of things in an order they are told in one pass."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analytics.coded import Places
from analytics.estimates import ClusterSums

Floats = NDArray[np.float64]


def sums_of_first(session: Places, weight: Floats, ends: Sequence[int]) -> list[ClusterSums]:
    """Of things in some order, the sums in which the first ones are the hits, up to each of the
    `ends`. An element a thing: its session's number and weight.

    Of a session with y things, the n-th adds y to the products of hits and trials, and 2 n - 1 to
    the squares of hits, as in analytics/vital_sums.py.
    """
    things = np.bincount(session)[session]
    nth = nth_of(session, things)
    squares, first = np.square(weight), nth == 1
    products, hits_squares = squares * things, squares * (2 * nth - 1)
    one, own = float(first.sum()), weight[first]
    whole = {
        "sessions": one,
        "weight": float(own.sum()),
        "weight_squares": float(np.square(own).sum()),
        "trials": float(weight.sum()),
        "trials_squares": float(products.sum()),
    }
    return [
        ClusterSums(
            **whole,
            hits=float(weight[:end].sum()),
            products=float(products[:end].sum()),
            hits_squares=float(hits_squares[:end].sum()),
        )
        for end in ends
    ]


def nth_of(session: Places, things: Places, by: Places | None = None) -> Places:
    """Which each thing is among the `things` of its session, from 1 on, by its number in `by`, or
    else as they stand. Few sessions have several."""
    nth = np.ones(len(session), dtype=np.intp)
    several = np.flatnonzero(things > 1)
    keys = (
        session[several] if by is None else session[several] * (by.max(initial=0) + 1) + by[several]
    )
    order = several[np.argsort(keys, kind="stable")]
    of = session[order]
    begins = np.ones(len(of), dtype=np.bool_)
    begins[1:] = of[1:] != of[:-1]
    first = np.flatnonzero(begins)
    nth[order] = np.arange(len(of)) - np.repeat(first, np.diff(first, append=len(of))) + 1
    return nth
