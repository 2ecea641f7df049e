"""One vital of a page: how it is spread, by day, for whom, and what slow views have in common."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.basis import Estimate
from analytics.by_day import only, query_by_day
from analytics.clustered import InOrder
from analytics.coded import coded
from analytics.cohort import Mask
from analytics.distinct import distinct
from analytics.estimates import EFFECTIVE_N_MIN, Floats
from analytics.goes_with import KINDS, Views, goes_with
from analytics.levels import shown
from analytics.question import SiteScope, Window
from analytics.reports.vital_types import VitalBin, VitalPart, VitalReport
from analytics.sampling import Days, Reading, basis, read
from analytics.sql import query
from analytics.visitors import visitor_columns
from analytics.vital_counts import histograms, releases
from analytics.vital_days import QUANTILE, changes, trend
from analytics.vitals import VITALS
from store.snapshot import Snapshot

DEFINITION = "speed"
DECIMALS = 4
SLOW_REQUEST_MS = 1_000.0
RELEASES_MAX = 12
BIN_WIDTHS = {"lcp": 500.0, "inp": 50.0, "cls": 0.025, "fcp": 300.0, "ttfb": 200.0}
"""Of each vital, so that both its thresholds are edges."""
DEVICES = ("desktop", "phone", "tablet")


def vital(
    snapshot: Snapshot,
    scope: SiteScope,
    window: Window,
    name: str,
    *,
    now: datetime,
    page: str = "",
    device: str = "",
    level: str = "",
    sample: float | None = None,
) -> VitalReport:
    """The vital `name` of the window's views. Days are counted at 100 %, and go on where the detail
    has gone; the rest is of sampled detail.

    Raises ValueError for a sample outside 0..1.
    """
    window = Window(window.start, max(window.start, min(window.end, now)))

    def at(reading: Reading) -> _OrderedViews:
        views = query_by_day(
            snapshot,
            reading,
            window,
            "vital_views",
            query("vital_latest"),
            asked={"vital": name, "page": page or None, "slow_request_ms": SLOW_REQUEST_MS},
            columns=visitor_columns(reading),
            moment="at_us",
        )
        return _in_order(only(views, device=device, level=level))

    days = Days(window.first_day, window.last_day)
    views, reading = read(snapshot, scope, days, sample, at, _few)
    counted = histograms(snapshot, scope.site, days, (name,), page=page, level=level).get(
        (name, ""), {}
    )
    if device:
        counted = {place: each for place, each in counted.items() if place[1] == device}
    limit = _slow_over(name, views)
    p75, good, poor = _figures(name, views, np.ones(len(views.value), dtype=np.bool_))
    return VitalReport(
        basis=basis(snapshot, reading, DEFINITION, window),
        vital=name,
        page=page,
        device=device,
        level=level,
        p75=p75,
        good=good,
        poor=poor,
        views=len(views.value),
        bins=_bins(name, views),
        days=trend(counted),
        parts=tuple(_parts(name, views, scope.levels)),
        changes=changes(name, counted, releases(snapshot, scope.site), window.last_day, page=page),
        slow_over=limit,
        goes_with=goes_with(views, views.value > limit) if len(views.value) else (),
    )


class _OrderedViews(Views, frozen=True, kw_only=True):
    """In the order of their values of the vital."""

    value: Floats


def _in_order(views: pa.Table) -> _OrderedViews:
    value = np.round(views["value"].to_numpy().astype(np.float64), DECIMALS)
    order = np.argsort(value, kind="stable")
    whose = views["visitor" if "visitor" in views.column_names else "session"].to_numpy()
    lists = views["requests"].combine_chunks()
    row = np.empty(len(order), dtype=np.intp)
    row[order] = np.arange(len(order))
    return _OrderedViews(
        value=value[order],
        session=distinct(whose)[1][order],
        weight=views["weight"].to_numpy()[order],
        kinds={kind: coded(views[kind])[order] for kind in KINDS},
        requests=coded(pa.chunked_array([pc.list_flatten(lists)])),
        requesting=row[pc.list_parent_indices(lists).to_numpy()],
    )


def _few(views: _OrderedViews) -> bool:
    return int(views.session.max(initial=-1)) + 1 < 10 * EFFECTIVE_N_MIN


def _slow_over(name: str, views: _OrderedViews) -> float:
    """Poor where enough sessions had poor views to compare, else over good."""
    limits = VITALS[name]
    poor = len(distinct(views.session[views.value > limits.poor])[0])
    return limits.poor if poor >= EFFECTIVE_N_MIN else limits.good


def _figures(name: str, views: _OrderedViews, part: Mask) -> tuple[Estimate, Estimate, Estimate]:
    """p75, and the shares of views good and poor."""
    limits = VITALS[name]
    chosen = InOrder(views.value[part], views.session[part], views.weight[part])
    return chosen.quantile(QUANTILE), chosen.at_most(limits.good), chosen.above(limits.poor)


def _parts(name: str, views: _OrderedViews, levels: Sequence[str]) -> Iterator[VitalPart]:
    level, device, release = (views.kinds[kind] for kind in ("level", "device", "release"))
    numbers = np.bincount(release.codes, minlength=len(release.names)).tolist()
    counts = dict(zip(release.names, numbers, strict=True))
    releases = sorted((each for each in release.found if each), key=lambda each: -counts[each])
    known = {
        "level": shown(levels, level.found),
        "device": [each for each in DEVICES if each in device.found],
        "release": sorted(releases[:RELEASES_MAX]),
    }
    for by, values in known.items():
        for value in values:
            part = views.kinds[by].are(value)
            if not part.any():
                continue
            p75, good, poor = _figures(name, views, part)
            yield VitalPart(
                by=by, value=value, p75=p75, good=good, poor=poor, views=int(part.sum())
            )


def _bins(name: str, views: _OrderedViews) -> tuple[VitalBin, ...]:
    """Equal bins up to twice where poor begins, and the rest."""
    width = BIN_WIDTHS[name]
    edges = (width * np.arange(round(2 * VITALS[name].poor / width) + 1)).round(DECIMALS)
    # A value at an edge is of the bin below it: at most the threshold is good.
    places = np.clip(np.searchsorted(edges, views.value, side="left") - 1, 0, len(edges) - 1)
    numbers = np.bincount(places, minlength=len(edges))
    weights = np.bincount(places, views.weight, len(edges))
    whole = weights.sum() or 1.0
    return tuple(
        VitalBin(
            low=float(edges[place]),
            high=float(edges[place + 1]) if place + 1 < len(edges) else None,
            views=int(numbers[place]),
            share=float(weights[place] / whole),
        )
        for place in range(len(edges))
    )
