"""Web vitals of each page, by level: the 75th percentile, and shares of views good and poor.

A view counts once, with the latest vitals it sent; its interval allows for views of one session
being alike.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Withheld
from analytics.estimates import clustered_share, quantile
from analytics.funnel_sessions import Mask
from analytics.levels import EVERYONE, shown
from analytics.question import SiteScope, Window
from analytics.reports.types import SpeedReport, SpeedRow, WorstPage
from analytics.reports.vital_types import VitalChange
from analytics.sampling import Days, Reading, basis, read
from analytics.sql import query, with_read
from analytics.times import naive
from analytics.vital_counts import histograms, releases
from analytics.vital_days import changes
from analytics.vitals import VITALS
from analytics.worst_pages import worst_pages
from store.snapshot import Snapshot

DEFINITION = "speed"
QUANTILE = 0.75
PAGES_MAX = 200
"""The most viewed ones; the basis says how many are left out."""
PAGES_SURE = 20
"""While a figure of one of these is withheld at the rate asked for, all that is kept is read."""
CHANGING = ("lcp", "inp", "cls")
ALL_DEVICES = ""
DECIMALS = 4


class _Views(Struct, frozen=True):
    """Arrays of one length, a view each; `session` numbers the sessions from 0."""

    level: NDArray[np.object_]
    device: NDArray[np.object_]
    session: NDArray[np.intp]
    weight: NDArray[np.float64]
    vitals: dict[str, NDArray[np.float64]]


_Found = tuple[list[SpeedRow], int, list[WorstPage]]


def speed(
    snapshot: Snapshot,
    scope: SiteScope,
    window: Window,
    *,
    now: datetime,
    sample: float | None = None,
    page: str | None = None,
    by_device: bool = False,
) -> SpeedReport:
    """Vitals of the window's views, of one `page` or all, for everyone and each level.

    Pages come most viewed first; with `by_device`, each row again for each device.
    Raises ValueError for a sample outside 0..1.
    """
    window = Window(window.start, max(window.start, min(window.end, now)))
    parameters = {"start": naive(window.start), "end": naive(window.end), "page": page}

    def at(reading: Reading) -> _Found:
        text = with_read(reading.fragment, "speed_views", query("speed_latest"))
        frame = snapshot.frame(text, {**reading.parameters, **parameters})
        scale = 1.0 if reading.fragment == "read_kept" else 1 / reading.rate
        return *_report(frame, scope, by_device), worst_pages(frame, scale)

    days = Days(window.first_day, window.last_day)
    found, reading = read(snapshot, scope, days, sample, at, lambda got: _unsure(got[0]))
    rows, pages, worst = found
    note = f"the {PAGES_MAX} most viewed of {pages} pages" if pages > PAGES_MAX else ""
    return SpeedReport(
        basis=basis(snapshot, reading, DEFINITION, window, note),
        rows=tuple(rows),
        worst=tuple(worst),
        changes=() if page else tuple(_changes(snapshot, scope.site, days, rows)),
    )


def _report(frame: pd.DataFrame, scope: SiteScope, by_device: bool) -> tuple[list[SpeedRow], int]:
    """The rows, and how many pages there are."""
    frame["session"] = pd.factorize(frame["session"])[0]
    counts = frame["page"].value_counts()
    groups = {str(page): rows for page, rows in frame.groupby("page", sort=False)}
    pages = sorted(groups, key=lambda page: (-counts[page], page))
    levels = [EVERYONE, *shown(scope.levels, frame["level"].unique())]
    rows = [
        row for page in pages[:PAGES_MAX] for row in _page(page, groups[page], levels, by_device)
    ]
    return rows, len(pages)


def _changes(
    snapshot: Snapshot, site: str, days: Days, rows: Sequence[SpeedRow]
) -> Iterator[VitalChange]:
    """Days on which one of the busiest pages was slower, of the vitals that make a view poor."""
    busiest = list(dict.fromkeys(row.page for row in rows))[:PAGES_SURE]
    if not busiest:
        return
    known = releases(snapshot, site)
    counted = histograms(snapshot, site, days, CHANGING, by_page=True)
    for vital in CHANGING:
        for page in busiest:
            yield from changes(
                vital,
                counted.get((vital, page), {}),
                known,
                days.last,
                page=page,
                pages=len(busiest) * len(CHANGING),
            )


def _unsure(rows: Sequence[SpeedRow]) -> bool:
    busiest = set(list(dict.fromkeys(row.page for row in rows))[:PAGES_SURE])
    return not rows or any(
        row.p75.withheld not in (None, Withheld.NO_DATA)
        for row in rows
        if row.page in busiest and row.device == ALL_DEVICES
    )


def _page(
    page: str, frame: pd.DataFrame, levels: Sequence[str], by_device: bool
) -> Iterator[SpeedRow]:
    views = _Views(
        frame["level"].to_numpy(dtype=object),
        frame["device"].to_numpy(dtype=object),
        np.unique(frame["session"].to_numpy(), return_inverse=True)[1],
        frame["weight"].to_numpy(dtype=np.float64),
        {vital: _as_sent(frame[vital].to_numpy(dtype=np.float64)) for vital in VITALS},
    )
    devices = [ALL_DEVICES]
    if by_device:
        devices += sorted({device for device in views.device if device})
    for level in levels:
        for device in devices:
            members = np.ones(len(views.level), dtype=np.bool_)
            if level != EVERYONE:
                members &= views.level == level
            if device != ALL_DEVICES:
                members &= views.device == device
            for vital in VITALS:
                measured = members & ~np.isnan(views.vitals[vital])
                if measured.any():
                    yield _row(page, level, device, vital, views, measured)


def _as_sent(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Out of the store's single precision: 0.1 again, not 0.100000001."""
    return np.round(values, DECIMALS)


def _row(page: str, level: str, device: str, vital: str, views: _Views, measured: Mask) -> SpeedRow:
    values, weight = views.vitals[vital][measured], views.weight[measured]
    session = np.unique(views.session[measured], return_inverse=True)[1]
    limits = VITALS[vital]
    return SpeedRow(
        page=page,
        level=level,
        device=device,
        vital=vital,
        p75=quantile(values, session, weight, QUANTILE),
        views=len(values),
        good=_share_of_views(values <= limits.good, session, weight),
        poor=_share_of_views(values > limits.poor, session, weight),
    )


def _share_of_views(
    hits: Mask, session: NDArray[np.intp], weight: NDArray[np.float64]
) -> float | None:
    sessions = int(session.max()) + 1
    weights = np.zeros(sessions)
    weights[session] = weight
    return clustered_share(
        np.bincount(session[hits], minlength=sessions).astype(np.float64),
        np.bincount(session, minlength=sessions).astype(np.float64),
        weights,
        sessions,
    ).value
