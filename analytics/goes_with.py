"""What slow views have in common: how much more often views with a thing are slow than those
without it, with intervals, and only as far as all of it holds together."""

from collections.abc import Iterator
from math import erfc, sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.estimates import ClusterSums, Difference, Z, recovered, significant
from analytics.reports.vital_types import GoesWith

KINDS = ("element", "resource", "script", "device", "browser", "level", "release")
THINGS_MAX = 60
"""Of all kinds, the most frequent ones, are looked at."""
SHOWN_MAX = 10
POINTS_MIN = 0.02
"""Differences below are told of nothing that is worth a look."""

Mask = NDArray[np.bool_]
Places = NDArray[np.intp]
Floats = NDArray[np.float64]
_SAID = {
    "element": "Views whose element was {}",
    "resource": "Views whose element came from {}",
    "script": "Views whose script was {}",
    "request": "Views with a slow request to {}",
    "device": "Views on a {}",
    "browser": "Views in {}",
    "level": "Views of {} sessions",
    "release": "Views of release {}",
}


def goes_with(frame: pd.DataFrame, requests: "pd.Series[Any]", slow: Mask) -> tuple[GoesWith, ...]:
    """`frame` has a row a view: session (numbers from 0), weight, and KINDS; `requests` are texts,
    each at the number of its view's row, and once there.

    Told where the difference holds at a false discovery rate of 5 % (Benjamini-Hochberg), those
    first that the most slow views have beyond what the others would.
    """
    all_ = _Views(frame, slow)
    found = []
    for kind, what, having in _things(frame, requests):
        ends = [_ends(each) for each in all_.with_and_without(having)]
        if ends[0] is not None and ends[1] is not None:
            found.append(
                (kind, what, len(having), ends[0][0], ends[1][0], recovered(ends[0], ends[1]))
            )
    holds = significant([_chance(each[-1]) for each in found])
    told = [
        _told(kind, what, views, one, other, difference)
        for (kind, what, views, one, other, difference), sure in zip(found, holds, strict=True)
        if sure and difference.low > 0 and difference.value >= POINTS_MIN
    ]
    told.sort(key=lambda each: (-each.difference * each.views, each.kind, each.what))
    return tuple(told[:SHOWN_MAX])


class _Views:
    """Slow views and views, by session. What is not of a part is the whole less the part, so that
    a thing costs no more than the views that have it."""

    def __init__(self, frame: pd.DataFrame, slow: Mask) -> None:
        self._session, self._slow = frame["session"].to_numpy(dtype=np.intp), slow
        self._weights = np.zeros(int(self._session.max()) + 1)
        self._weights[self._session] = frame["weight"].to_numpy(dtype=np.float64)
        self._hits, self._views = self._counted(self._session, slow)
        self._whole = ClusterSums.of(self._hits, self._views, self._weights)

    def with_and_without(self, places: Places) -> tuple[ClusterSums, ClusterSums]:
        hits, views = self._counted(self._session[places], self._slow[places])
        those = np.flatnonzero(views)
        hits, views, weights = hits[those], views[those], self._weights[those]
        all_hits, all_views = self._hits[those], self._views[those]
        rest = self._whole.with_other(
            gone=ClusterSums.of(all_hits, all_views, weights),
            come=ClusterSums.of(all_hits - hits, all_views - views, weights),
        )
        return ClusterSums.of(hits, views, weights), rest

    def _counted(self, session: Places, slow: Mask) -> tuple[Floats, Floats]:
        count = len(self._weights)
        hits = np.bincount(session[slow], minlength=count)
        return hits.astype(np.float64), np.bincount(session, minlength=count).astype(np.float64)


def _things(frame: pd.DataFrame, requests: "pd.Series[Any]") -> Iterator[tuple[str, str, Places]]:
    """Each thing that some views have and others have not, and the places of those that have."""
    known: list[tuple[str, str, Places]] = []
    for kind in KINDS:
        known += [(kind, what, places) for what, places in _places(frame[kind])]
    known += [("request", what, places) for what, places in _places(requests)]
    known.sort(key=lambda each: (-len(each[2]), each[0], each[1]))
    for kind, what, places in known[:THINGS_MAX]:
        if len(places) < len(frame):
            yield kind, what, places


def _places(values: "pd.Series[Any]") -> Iterator[tuple[str, Places]]:
    """Each text of a column but "", and the rows that have it, by their number."""
    rows = values.index.to_numpy(dtype=np.intp)
    codes, names = pd.factorize(values)
    order = np.argsort(codes, kind="stable")
    ends = np.searchsorted(codes[order], np.arange(len(names) + 1))
    for number, name in enumerate(names):
        if isinstance(name, str) and name:
            yield name, rows[order[ends[number] : ends[number + 1]]]


def _ends(sums: ClusterSums) -> tuple[float, float, float] | None:
    """The share of slow views and its interval; None when withheld."""
    estimate = sums.share()
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    return estimate.value, estimate.low, estimate.high


def _chance(difference: Difference) -> float:
    """Two-sided p value of no difference, from the interval."""
    value = difference.value
    reach = value - difference.low if value > 0 else difference.high - value
    return erfc(abs(value) * Z / reach / sqrt(2)) if reach > 0 else float(not value)


def _told(
    kind: str, what: str, views: int, slow: float, otherwise: float, difference: Difference
) -> GoesWith:
    low, high = max(difference.low, 0.0), difference.high
    return GoesWith(
        kind=kind,
        what=what,
        views=views,
        slow=slow,
        otherwise=otherwise,
        difference=difference.value,
        low=difference.low,
        high=difference.high,
        sentence=(
            f"{_SAID[kind].format(what)} were slow {low * 100:.0f} to {high * 100:.0f} points"
            " more often than the others."
        ),
    )
