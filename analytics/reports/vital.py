"""One vital of a page: how it is spread, by day, for whom, and what slow views have in common."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from analytics.basis import Estimate, Withheld
from analytics.by_day import only, query_by_day
from analytics.estimates import EFFECTIVE_N_MIN, clustered_share, quantile
from analytics.funnel_sessions import Mask
from analytics.goes_with import KINDS, goes_with
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

    def at(reading: Reading) -> _Views:
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
    frame = views.frame
    counted = histograms(snapshot, scope.site, days, (name,), page=page, level=level).get(
        (name, ""), {}
    )
    if device:
        counted = {place: each for place, each in counted.items() if place[1] == device}
    limit = _slow_over(name, frame)
    everyone = np.ones(len(frame), dtype=np.bool_)
    p75, good, poor = _figures(name, frame, everyone)
    return VitalReport(
        basis=basis(snapshot, reading, DEFINITION, window),
        vital=name,
        page=page,
        device=device,
        level=level,
        p75=p75,
        good=good,
        poor=poor,
        views=len(frame),
        bins=_bins(name, frame),
        days=trend(counted),
        parts=tuple(_parts(name, frame, scope.levels)),
        changes=changes(name, counted, releases(snapshot, scope.site), window.last_day, page=page),
        slow_over=limit,
        goes_with=(
            goes_with(frame, views.requests, frame["value"].to_numpy() > limit)
            if len(frame)
            else ()
        ),
    )


class _Views(Struct, frozen=True):
    """A row a view, in the order of the vital's values, and the slow requests of the views, each at
    the number of its view's row."""

    frame: pd.DataFrame
    requests: "pd.Series[Any]"


def _in_order(views: pa.Table) -> _Views:
    order = np.argsort(views["value"].to_numpy(), kind="stable")
    frame = views.drop_columns(["at_us", "requests"]).to_pandas(categories=list(KINDS))
    frame = frame.take(order).reset_index(drop=True)
    frame["session"] = pd.factorize(frame.get("visitor", frame["session"]))[0]
    frame["value"] = frame["value"].astype(np.float64).round(DECIMALS)
    # Lists of texts as Python's cost more than all the rest of the frame.
    lists = views["requests"].combine_chunks()
    row = np.empty(len(order), dtype=np.intp)
    row[order] = np.arange(len(order))
    whose = row[pc.list_parent_indices(lists).to_numpy()]
    urls = pc.list_flatten(lists).dictionary_encode().to_pandas()
    return _Views(frame, pd.Series(urls.array, index=whose))


def _few(views: _Views) -> bool:
    return views.frame["session"].nunique() < 10 * EFFECTIVE_N_MIN


def _slow_over(name: str, frame: pd.DataFrame) -> float:
    """Poor where enough sessions had poor views to compare, else over good."""
    limits = VITALS[name]
    poor = frame.loc[frame["value"] > limits.poor, "session"].nunique()
    return limits.poor if poor >= EFFECTIVE_N_MIN else limits.good


def _figures(name: str, frame: pd.DataFrame, part: Mask) -> tuple[Estimate, Estimate, Estimate]:
    """p75, and the shares of views good and poor."""
    values = frame["value"].to_numpy(dtype=np.float64)[part]
    weight = frame["weight"].to_numpy(dtype=np.float64)[part]
    session = frame["session"].to_numpy()[part]
    if not len(values):
        none = Estimate(value=None, low=None, high=None, effective_n=0.0, withheld=Withheld.NO_DATA)
        return none, none, none
    numbers = int(session.max()) + 1
    weights = np.zeros(numbers)
    weights[session] = weight
    views = np.bincount(session, minlength=numbers).astype(np.float64)
    sessions = int(np.count_nonzero(views))

    def share(hits: Mask) -> Estimate:
        counts = np.bincount(session[hits], minlength=numbers).astype(np.float64)
        return clustered_share(counts, views, weights, sessions)

    limits = VITALS[name]
    p75 = quantile(values, session, weight, QUANTILE)
    return p75, share(values <= limits.good), share(values > limits.poor)


def _parts(name: str, frame: pd.DataFrame, levels: Sequence[str]) -> Iterator[VitalPart]:
    releases = [release for release in frame["release"].value_counts().index if release]
    known = {
        "level": shown(levels, frame["level"].unique()),
        "device": [device for device in DEVICES if (frame["device"] == device).any()],
        "release": sorted(releases[:RELEASES_MAX]),
    }
    for by, values in known.items():
        for value in values:
            part = (frame[by] == value).to_numpy(dtype=np.bool_)
            if not part.any():
                continue
            p75, good, poor = _figures(name, frame, part)
            yield VitalPart(
                by=by, value=value, p75=p75, good=good, poor=poor, views=int(part.sum())
            )


def _bins(name: str, frame: pd.DataFrame) -> tuple[VitalBin, ...]:
    """Equal bins up to twice where poor begins, and the rest."""
    width = BIN_WIDTHS[name]
    edges = (width * np.arange(round(2 * VITALS[name].poor / width) + 1)).round(DECIMALS)
    values = frame["value"].to_numpy(dtype=np.float64)
    # A value at an edge is of the bin below it: at most the threshold is good.
    places = np.clip(np.searchsorted(edges, values, side="left") - 1, 0, len(edges) - 1)
    views = np.bincount(places, minlength=len(edges))
    weights = np.bincount(places, frame["weight"].to_numpy(dtype=np.float64), len(edges))
    whole = weights.sum() or 1.0
    return tuple(
        VitalBin(
            low=float(edges[place]),
            high=float(edges[place + 1]) if place + 1 < len(edges) else None,
            views=int(views[place]),
            share=float(weights[place] / whole),
        )
        for place in range(len(edges))
    )
