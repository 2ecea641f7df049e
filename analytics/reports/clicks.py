"""What people click on a page, and how far they scroll: by element, not by pixel."""

from collections.abc import Sequence
from datetime import datetime
from math import prod
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from analytics.basis import Withheld
from analytics.by_day import only, query_by_day, summed
from analytics.clustered import InOrder
from analytics.coded import Places, coded
from analytics.cohort import Cohort
from analytics.distinct import distinct
from analytics.levels import shown
from analytics.question import SiteScope, Window
from analytics.reports.clicks_types import (
    ClickedElement,
    ClickedPage,
    ClicksReport,
    LevelClicks,
    ScrollReach,
)
from analytics.sampling import Days, Reading, basis, read
from analytics.sql import query
from analytics.visitors import visitors_at_least
from store.snapshot import Snapshot

DEFINITION = "clicks"
ELEMENTS_MAX = 100
ELEMENTS_SURE = 10
"""While the share of one of these is withheld at the rate asked for, all that is kept is read."""
PAGES_MAX = 200
DEPTHS = tuple(tenth / 10 for tenth in range(1, 11))
FOLD_VIEWS = 0.05
"""Of the views, that see less than the fold: a view that nobody scrolled shows just that."""


class _People(Struct, frozen=True):
    """The sessions that viewed or clicked the page."""

    number: pa.ChunkedArray
    cohort: Cohort
    views: int

    def place(self, numbers: pa.ChunkedArray) -> Places:
        """Where sessions stand; -1 for those that were not asked for."""
        found = pc.index_in(numbers, value_set=self.number.combine_chunks())
        places: Places = found.fill_null(-1).to_numpy()
        return places


def clicks(
    snapshot: Snapshot,
    scope: SiteScope,
    window: Window,
    *,
    now: datetime,
    page: str = "",
    level: str = "",
    device: str = "",
    sample: float | None = None,
) -> ClicksReport:
    """Clicks of the window on one `page` by element, or the pages there are by their clicks.

    `level` and `device` limit the sessions of one page. Raises ValueError for a sample outside
    0..1.
    """
    window = Window(window.start, max(window.start, min(window.end, now)))

    def of_pages(reading: Reading) -> ClicksReport:
        found = summed(query_by_day(snapshot, reading, window, "clicks_pages", asked={}), "page")
        found.sort(key=lambda row: (-row["clicks"], -row["views"], row["page"] or ""))
        pages = tuple(ClickedPage(**row) for row in found[:PAGES_MAX])
        return _report(snapshot, reading, window, pages=pages)

    def of_page(reading: Reading) -> ClicksReport:
        def rows(name: str, *parts: str) -> pa.Table:
            asked = {"page": page}
            return query_by_day(
                snapshot, reading, window, name, *parts, asked=asked, moment="at_us"
            )

        people = _people(
            only(rows("clicks_sessions", query("clicks_who")), level=level, device=device)
        )
        levels = [] if level else shown(scope.levels, people.cohort.level.found)
        elements, count = _elements(snapshot, rows("clicks_made"), people, levels)
        reach, fold = _scrolled(rows("clicks_scroll"), people)
        return _report(
            snapshot,
            reading,
            window,
            page=page,
            level=level,
            device=device,
            sessions=len(people.number),
            views=people.views,
            elements=tuple(elements),
            left_out=count - len(elements),
            scroll=reach,
            fold=fold,
        )

    days = Days(window.first_day, window.last_day)
    answer = of_page if page else of_pages
    report, _ = read(snapshot, scope, days, sample, answer, _unsure)
    return report


def _report(
    snapshot: Snapshot, reading: Reading, window: Window, *, page: str = "", **found: Any
) -> ClicksReport:
    fields: dict[str, Any] = {"level": "", "device": "", **found}
    return ClicksReport(basis=basis(snapshot, reading, DEFINITION, window), page=page, **fields)


def _people(came: pa.Table) -> _People:
    return _People(
        number=came["session"],
        cohort=Cohort(
            level=coded(came["level"]),
            visitor=came["visitor"].to_numpy(),
            weight=came["weight"].to_numpy(),
        ),
        views=int(came["views"].to_numpy().sum()),
    )


def _elements(
    snapshot: Snapshot, made: pa.Table, people: _People, levels: Sequence[str]
) -> tuple[list[ClickedElement], int]:
    """The most clicked ones, and how many there are."""
    place = people.place(made["session"])
    asked = place >= 0
    place, target = place[asked], coded(made["target"])[asked]
    count = len(target.names)
    counts = {"clicks": np.bincount(target.codes, minlength=count)}
    for name in ("rage", "dead", "error"):
        so = made[name].fill_null(False).to_numpy()[asked]
        counts[name] = np.bincount(target.codes[so], minlength=count)
    # Once a session and element, however often it clicked there.
    element, who = np.divmod(
        distinct(target.codes * len(people.number) + place)[0], len(people.number)
    )
    codes = people.cohort.level.among(levels)
    cell = element * (len(levels) + 1) + codes[who] + 1
    cells = count, len(levels) + 1  # the first of those of no level that is shown
    sessions = np.bincount(cell, minlength=prod(cells)).reshape(cells)
    weight = np.bincount(cell, people.cohort.weight[who], prod(cells)).reshape(cells)
    everyone = people.cohort.among()
    of_levels = [people.cohort.among(np.flatnonzero(codes == nth)) for nth in range(len(levels))]
    middles = {
        name: (x, y, fixed)
        for name, x, y, fixed in snapshot.rows(query("clicks_places"), tables={"made": made})
    }
    clicked = np.flatnonzero(counts["clicks"]).tolist()
    clicked.sort(key=lambda at: (-counts["clicks"][at], target.names[at]))
    found = []
    for at in clicked[:ELEMENTS_MAX]:
        x, y, fixed = middles[target.names[at]]
        found.append(
            ClickedElement(
                target=target.names[at],
                **{name: int(number[at]) for name, number in counts.items()},
                sessions=int(sessions[at].sum()),
                share=everyone.share(float(weight[at].sum())),
                x=x,
                y=y,
                fixed=bool(fixed),
                levels=tuple(
                    LevelClicks(
                        level=level,
                        sessions=int(sessions[at, nth]),
                        share=whole.share(float(weight[at, nth])),
                    )
                    for nth, (level, whole) in enumerate(zip(levels, of_levels, strict=True), 1)
                ),
            )
        )
    return found, len(clicked)


def _scrolled(views: pa.Table, people: _People) -> tuple[tuple[ScrollReach, ...], float | None]:
    """How many views reached each tenth of the page, and what nearly all of them saw."""
    place = people.place(views["session"])
    scroll = views["scroll"].to_numpy().astype(np.float64)[place >= 0]
    place = place[place >= 0]
    if not len(scroll):
        return (), None
    # The store keeps single precision, in which 0.3 is a little more than 0.3.
    reached = np.searchsorted(np.array(DEPTHS) - 1e-6, scroll, side="right").astype(np.int8)
    order = np.argsort(reached, kind="stable")
    weight = people.cohort.weight[place]
    furthest = InOrder(reached[order].astype(np.float64), place[order], weight[order])
    visitors = visitors_at_least(people.cohort.visitor, place)
    return (
        tuple(
            ScrollReach(depth=depth, share=furthest.above(before, visitors))
            for before, depth in enumerate(DEPTHS)
        ),
        round(float(np.quantile(scroll, FOLD_VIEWS)), 4),
    )


def _unsure(report: ClicksReport) -> bool:
    if not report.page:
        return not report.pages
    return not report.elements or any(
        row.share.withheld not in (None, Withheld.NO_DATA)
        for row in report.elements[:ELEMENTS_SURE]
    )
