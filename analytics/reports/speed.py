"""Web vitals of each page, by level: the 75th percentile, and shares of views good and poor.

A view counts once, with the latest vitals it sent; its interval allows for views of one session,
or of one user where users are drawn, being alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pyarrow as pa

from analytics.basis import Withheld
from analytics.by_day import by_day, kept_versions, only
from analytics.levels import EVERYONE, shown
from analytics.question import SiteScope, Unit, Window
from analytics.reading import Held
from analytics.reports.types import SpeedReport, SpeedRow, WorstPage
from analytics.reports.vital_types import VitalChange
from analytics.sampling import Days, Reading, basis, read
from analytics.sql import query, with_read
from analytics.times import naive
from analytics.visitors import visitor_columns
from analytics.vital_counts import histograms, releases
from analytics.vital_days import changes
from analytics.vital_summing import EXACT_VIEWS_MAX, summed
from analytics.vital_sums import Sums, merged
from analytics.vitals import RATED, VITALS
from analytics.worst_pages import Visits, worst_pages
from store.snapshot import Snapshot

DEFINITION = "speed"
QUANTILE = 0.75
PAGES_MAX = 200
"""The most viewed ones; the basis says how many are left out."""
PAGES_SURE = 20
"""While a figure of one of these is withheld at the rate asked for, all that is kept is read."""
ALL_DEVICES = ""
SESSIONS = ("sessions", "session_weight", "session_squares")


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

    def at(reading: Reading) -> _Found:
        asked = {"page": page, "by_device": by_device}
        if reading.unit is Unit.USER:  # whose sessions lie in many days
            parts = _views(snapshot, asked, reading, window)
        else:
            if kept_versions(snapshot, scope.site, window):
                asked["page"] = None  # what is kept is of all pages, as their list asks for it
            question = {"report": DEFINITION, "form": 3, **asked}
            parts = by_day(snapshot, reading, window, question, partial(_views, snapshot, asked))
        sums = list(merged(only(parts, page=page or ""), by_device=by_device))
        scale = 1.0 if reading.weighted else 1 / reading.rate
        visits = {
            (each.page, each.vital): _visits(each) for each in sums if each.vital not in VITALS
        }
        rows, pages = _report([each for each in sums if each.vital in VITALS], scope)
        return rows, pages, worst_pages(visits, scale)

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


def _views(
    snapshot: Snapshot, asked: Mapping[str, Any], reading: Reading, span: Window
) -> pa.Table:
    """The views of a reading, added up."""
    edges = {"start": naive(span.start), "end": naive(span.end)}
    parameters, who = {**reading.parameters, **edges, **asked}, "speed_who"
    if reading.held == (Held.SEALED,):
        who = "speed_who_sealed"
        parameters |= reading.summaries(snapshot)
    text = with_read(reading.fragment, "speed_views", query("speed_latest"), query(who)).format(
        **visitor_columns(reading)
    )
    found = snapshot.arrow(text, parameters)
    exact = not (reading.of_part or reading.of_rest) and len(found) <= EXACT_VIEWS_MAX
    return summed(found, exact=exact, weighted=reading.weighted)


def _report(sums: Sequence[Sums], scope: SiteScope) -> tuple[list[SpeedRow], int]:
    """The rows, and how many pages there are."""
    views: dict[str, int] = {}
    for each in sums:
        if (each.level, each.device) == (EVERYONE, ALL_DEVICES):
            views[each.page] = max(views.get(each.page, 0), each.views)
    pages = sorted(views, key=lambda page: (-views[page], page))
    levels = [EVERYONE, *shown(scope.levels, {each.level for each in sums} - {EVERYONE})]
    place = {
        (page, level): (number, nth)
        for number, page in enumerate(pages[:PAGES_MAX])
        for nth, level in enumerate(levels)
    }
    chosen = [each for each in sums if (each.page, each.level) in place]
    vitals = list(VITALS)
    chosen.sort(
        key=lambda each: (place[each.page, each.level], each.device, vitals.index(each.vital))
    )
    return [_row(each) for each in chosen], len(pages)


def _visits(sums: Sums) -> Visits:
    return Visits(*(float(sums.running[name][-1]) for name in SESSIONS))


def _changes(
    snapshot: Snapshot, site: str, days: Days, rows: Sequence[SpeedRow]
) -> Iterator[VitalChange]:
    """Days on which one of the busiest pages was slower, of the vitals that make a view poor."""
    busiest = list(dict.fromkeys(row.page for row in rows))[:PAGES_SURE]
    if not busiest:
        return
    known = releases(snapshot, site)
    counted = histograms(snapshot, site, days, RATED, of_pages=busiest)
    for vital in RATED:
        for page in busiest:
            yield from changes(
                vital,
                counted.get((vital, page), {}),
                known,
                days.last,
                page=page,
                pages=len(busiest) * len(RATED),
            )


def _unsure(rows: Sequence[SpeedRow]) -> bool:
    busiest = set(list(dict.fromkeys(row.page for row in rows))[:PAGES_SURE])
    return not rows or any(
        row.p75.withheld not in (None, Withheld.NO_DATA)
        for row in rows
        if row.page in busiest and row.device == ALL_DEVICES
    )


def _row(sums: Sums) -> SpeedRow:
    limits = VITALS[sums.vital]
    return SpeedRow(
        page=sums.page,
        level=sums.level,
        device=sums.device,
        vital=sums.vital,
        p75=sums.quantile(QUANTILE),
        views=sums.views,
        good=sums.at_most(limits.good).value,
        poor=sums.above(limits.poor).value,
    )
