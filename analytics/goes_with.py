"""What slow views have in common: how much more often views with a thing are slow than those
without it, with intervals, and only as far as all of it holds together."""

from collections.abc import Iterator
from math import erfc, sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.estimates import Difference, Z, clustered_share, recovered, significant
from analytics.reports.vital_types import GoesWith

KINDS = ("element", "resource", "script", "device", "browser", "level", "release")
THINGS_MAX = 60
"""Of all kinds, the most frequent ones, are looked at."""
SHOWN_MAX = 10
POINTS_MIN = 0.02
"""Differences below are told of nothing that is worth a look."""

Mask = NDArray[np.bool_]
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


def goes_with(frame: pd.DataFrame, slow: Mask) -> tuple[GoesWith, ...]:
    """`frame` has a row a view: session (numbers from 0), weight, KINDS, and `requests`, a list.

    Told where the difference holds at a false discovery rate of 5 % (Benjamini-Hochberg), those
    first that the most slow views have beyond what the others would.
    """
    found = []
    for kind, what, having in _things(frame):
        pair = [_share(frame, slow, part) for part in (having, ~having)]
        if any(each is None for each in pair):
            continue
        one, other = pair
        assert one is not None
        assert other is not None
        found.append((kind, what, having, one[0], other[0], recovered(one, other)))
    holds = significant([_chance(each[-1]) for each in found])
    told = [
        _told(kind, what, int(having.sum()), one, other, difference)
        for (kind, what, having, one, other, difference), sure in zip(found, holds, strict=True)
        if sure and difference.low > 0 and difference.value >= POINTS_MIN
    ]
    told.sort(key=lambda each: (-each.difference * each.views, each.kind, each.what))
    return tuple(told[:SHOWN_MAX])


def _things(frame: pd.DataFrame) -> Iterator[tuple[str, str, Mask]]:
    """Each thing that some views have and others have not."""
    counts: list[tuple[int, str, str]] = []
    for kind in KINDS:
        values = frame[kind].dropna()
        known = values[values != ""].value_counts()
        counts += [(int(count), kind, str(what)) for what, count in known.items()]
    lists = frame["requests"].explode().dropna()
    counts += [(int(count), "request", str(what)) for what, count in lists.value_counts().items()]
    counts.sort(key=lambda each: (-each[0], each[1], each[2]))
    for count, kind, what in counts[:THINGS_MAX]:
        if count == len(frame):
            continue
        if kind == "request":
            having = frame["requests"].map(lambda urls, what=what: what in urls)
        else:
            having = frame[kind] == what
        yield kind, what, having.to_numpy(dtype=np.bool_)


def _share(frame: pd.DataFrame, slow: Mask, part: Mask) -> tuple[float, float, float] | None:
    """The share of slow views among those of `part`, and its interval; None when withheld."""
    sessions = frame["session"].to_numpy()[part]
    numbers = np.unique(sessions, return_inverse=True)[1]
    if not len(numbers):
        return None
    count = int(numbers.max()) + 1
    weights = np.zeros(count)
    weights[numbers] = frame["weight"].to_numpy(dtype=np.float64)[part]
    estimate = clustered_share(
        np.bincount(numbers[slow[part]], minlength=count).astype(np.float64),
        np.bincount(numbers, minlength=count).astype(np.float64),
        weights,
        count,
    )
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
