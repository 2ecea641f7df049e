"""What people click on a page, and how far they scroll: by element, not by pixel."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Withheld
from analytics.by_day import only, query_by_day, summed
from analytics.coded import coded
from analytics.cohort import Cohort
from analytics.estimates import clustered_share
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
    """The sessions that viewed or clicked the page, in order of their numbers."""

    number: NDArray[np.uint64]
    cohort: Cohort
    views: int

    def place(self, numbers: pd.Series) -> NDArray[np.int64]:
        """Where sessions stand; -1 for those that were not asked for."""
        wanted = numbers.to_numpy(dtype=np.uint64)
        if not len(self.number):
            return np.full(len(wanted), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.number, wanted), len(self.number) - 1)
        return np.where(self.number[at] == wanted, at, -1)


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
        elements = _elements(snapshot, rows("clicks_made"), people, levels)
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
            elements=tuple(elements[:ELEMENTS_MAX]),
            left_out=max(0, len(elements) - ELEMENTS_MAX),
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
    number = came["session"].to_numpy()
    order = np.argsort(number)
    return _People(
        number=number[order],
        cohort=Cohort(
            level=coded(came["level"])[order],
            visitor=came["visitor"].to_numpy()[order],
            weight=came["weight"].to_numpy()[order],
        ),
        views=int(came["views"].to_numpy().sum()),
    )


def _elements(
    snapshot: Snapshot, made: pa.Table, people: _People, levels: Sequence[str]
) -> list[ClickedElement]:
    """Most clicked first; only the listed ones are looked at closely."""
    clicks_made = {"made": made}
    by_element = snapshot.arrow(query("clicks_elements"), tables=clicks_made)
    frame = by_element.to_pandas(categories=["target"])
    frame["place"] = people.place(frame["session"])
    frame = frame[frame["place"] >= 0]
    places = {
        target: (x, y, fixed)
        for target, x, y, fixed in snapshot.rows(query("clicks_places"), tables=clicks_made)
    }
    everyone = people.cohort.among()
    members = {level: people.cohort.level.are(level) for level in levels}
    of_levels = {level: people.cohort.of(who).among() for level, who in members.items()}
    names = ("clicks", "rage", "dead", "error")
    counts = {
        str(row[0]): dict(zip(names, map(int, row[1:]), strict=True))
        for row in frame.groupby("target", observed=True)[list(names)].sum().itertuples()
    }
    order = sorted(counts, key=lambda target: (-counts[target]["clicks"], target))
    listed = frame[frame["target"].isin(order[:ELEMENTS_MAX])]
    who = {
        target: rows.to_numpy() for target, rows in listed.groupby("target", observed=True)["place"]
    }
    found = []
    for target in order:
        x, y, fixed = places.get(target, (None, None, False))
        at = who.get(target, np.empty(0, dtype=np.int64))
        weight = people.cohort.weight[at]
        found.append(
            ClickedElement(
                target=target,
                **counts[target],
                sessions=len(at),
                share=everyone.share(float(weight.sum())),
                x=x,
                y=y,
                fixed=bool(fixed),
                levels=tuple(
                    LevelClicks(
                        level=level,
                        sessions=int(members[level][at].sum()),
                        share=whole.share(float(weight[members[level][at]].sum())),
                    )
                    for level, whole in of_levels.items()
                ),
            )
        )
    return found


def _scrolled(views: pa.Table, people: _People) -> tuple[tuple[ScrollReach, ...], float | None]:
    """How many views reached each tenth of the page, and what nearly all of them saw."""
    frame = views.to_pandas()
    place = people.place(frame["session"])
    scroll = frame["scroll"].to_numpy(dtype=np.float64)[place >= 0]
    place = place[place >= 0]
    if not len(scroll):
        return (), None
    count = len(people.number)
    trials = np.bincount(place, minlength=count).astype(np.float64)
    visitors = visitors_at_least(people.cohort.visitor[place])
    reach = []
    for depth in DEPTHS:
        # The store keeps single precision, in which 0.3 is a little more than 0.3.
        hits = np.bincount(place[scroll >= depth - 1e-6], minlength=count).astype(np.float64)
        share = clustered_share(hits, trials, people.cohort.weight, visitors)
        reach.append(ScrollReach(depth=depth, share=share))
    return tuple(reach), round(float(np.quantile(scroll, FOLD_VIEWS)), 4)


def _unsure(report: ClicksReport) -> bool:
    if not report.page:
        return not report.pages
    return not report.elements or any(
        row.share.withheld not in (None, Withheld.NO_DATA)
        for row in report.elements[:ELEMENTS_SURE]
    )
