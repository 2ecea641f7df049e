"""What slow views have in common: how much more often views with a thing are slow than those
without it, with intervals, and only as far as all of it holds together."""

from collections.abc import Iterator, Mapping
from math import erfc, sqrt

import numpy as np
from msgspec import Struct

from analytics.coded import Coded, Places
from analytics.cohort import Mask
from analytics.estimates import ClusterSums, Difference, Floats, Z, recovered, significant
from analytics.reports.vital_types import GoesWith

KINDS = ("element", "resource", "script", "device", "browser", "level", "release")
REQUEST = "request"
THINGS_MAX = 60
"""Of all kinds, the most frequent ones, are looked at."""
SHOWN_MAX = 10
DECIMALS = 9
"""Of what is left of a session's views: sums of the same weights in another order may differ."""
POINTS_MIN = 0.02
"""Differences below are told of nothing that is worth a look."""

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


class Views(Struct, frozen=True, kw_only=True):
    """An element a view: its session's number, from 0 on, and weight, and by kind what it had. Of
    its slow requests one each: where to, and its view's place."""

    session: Places
    weight: Floats
    kinds: Mapping[str, Coded]
    requests: Coded
    requesting: Places


def goes_with(views: Views, slow: Mask) -> tuple[GoesWith, ...]:
    """`slow` has an element a view; a request to one address is there once a view.

    Told where the difference holds at a false discovery rate of 5 % (Benjamini-Hochberg), those
    first that the most slow views have beyond what the others would.
    """
    all_ = _BySession(views, slow)
    found = []
    for kind, what, having in _things(views):
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


class _BySession:
    """Slow views and views, by session. What is not of a part is the whole less the part, so that
    a thing costs no more than the views that have it; and most sessions have one view, which needs
    no summing up."""

    def __init__(self, views: Views, slow: Mask) -> None:
        self._slow, self._weight = slow, views.weight
        by_session = np.bincount(views.session)
        of_several = by_session > 1
        self._alone = ~of_several[views.session]
        # Of sessions with several views, numbers without gaps.
        self._session = (np.cumsum(of_several) - 1)[views.session]
        several = np.flatnonzero(~self._alone)
        weights = np.bincount(views.session, self._weight)
        self._weights = weights[of_several] / by_session[of_several]
        # Where a session stands for a user, views of one may differ in weight.
        self._share = np.ones(len(slow))
        self._share[several] = self._weight[several] / self._weights[self._session[several]]
        self._hits, self._views = self._counted(several)
        self._whole = self._of_one(np.flatnonzero(self._alone)).plus(
            ClusterSums.of(self._hits, self._views, self._weights)
        )

    def with_and_without(self, places: Places) -> tuple[ClusterSums, ClusterSums]:
        alone = self._alone[places]
        ones = self._of_one(places[alone])
        hits, views = self._counted(places[~alone])
        those = np.flatnonzero(views)
        hits, views, weights = hits[those], views[those], self._weights[those]
        all_hits, all_views = self._hits[those], self._views[those]
        other_hits, other_views = (
            np.round(each, DECIMALS) for each in (all_hits - hits, all_views - views)
        )
        rest = self._whole.with_other(
            gone=ones.plus(ClusterSums.of(all_hits, all_views, weights)),
            come=ClusterSums.of(other_hits, other_views, weights),
        )
        return ones.plus(ClusterSums.of(hits, views, weights)), rest

    def _of_one(self, places: Places) -> ClusterSums:
        """Of views that are the only ones of their sessions."""
        slow = self._slow[places].astype(np.float64)
        return ClusterSums.of(slow, np.ones(len(places)), self._weight[places])

    def _counted(self, places: Places) -> tuple[Floats, Floats]:
        count, session, share = len(self._weights), self._session[places], self._share[places]
        slow = self._slow[places]
        hits = np.bincount(session[slow], share[slow], count).astype(np.float64)
        return hits, np.bincount(session, share, count).astype(np.float64)


def _things(views: Views) -> Iterator[tuple[str, str, Places]]:
    """Each thing that some views have and others have not, and the places of those that have."""
    kinds = {**views.kinds, REQUEST: views.requests}
    numbers = {
        kind: np.bincount(each.codes, minlength=len(each.names)) for kind, each in kinds.items()
    }
    known = [
        (kind, name, code, count)
        for kind, counts in numbers.items()
        for code, (name, count) in enumerate(zip(kinds[kind].names, counts.tolist(), strict=True))
        if name and count
    ]
    known.sort(key=lambda each: (-each[-1], *each))
    chosen = known[:THINGS_MAX]
    orders = {kind: _by_code(kinds[kind], numbers[kind]) for kind in {each[0] for each in chosen}}
    for kind, name, code, count in chosen:
        order, ends = orders[kind]
        places = order[ends[code] - count : ends[code]]
        if len(places) < len(views.session):
            yield kind, name, views.requesting[places] if kind == REQUEST else places


def _by_code(values: Coded, numbers: Places) -> tuple[Places, list[int]]:
    """The places of the elements, code after code, and where each code ends."""
    # Of numbers of 16 bits, a stable sort takes a twentieth of the time.
    codes = values.codes.astype(np.min_scalar_type(len(values.names)))
    return np.argsort(codes, kind="stable"), np.cumsum(numbers).tolist()


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
