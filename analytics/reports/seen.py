"""The pages and events a site's visitors really met: what a funnel can be made of."""

import pyarrow as pa

from analytics.by_day import hot_by_cell, query_by_day, summed
from analytics.question import SiteScope, Window
from analytics.reports.types import SeenReport, SeenRow
from analytics.sampling import Days, Reading, basis, read
from analytics.sql import with_read
from analytics.times import naive
from rum.records import EventKind
from store.snapshot import Snapshot

DEFINITION = "seen"
ROWS_MAX = 500
CLICKS_MAX = 100
SESSIONS_MIN = 1_000
"""In the sample; with fewer, all that is kept is read."""

Sessions = dict[tuple[str, str], float]


def seen(snapshot: Snapshot, scope: SiteScope, window: Window) -> SeenReport:
    """The most frequent pages and events of the window, whole hours of it."""

    def at(reading: Reading) -> Sessions:
        found = query_by_day(snapshot, reading, window, "seen_sessions", asked={})
        share = 1 if reading.weighted else reading.rate
        return {
            (row["kind"], row["what"]): row["sessions"] / share
            for row in summed(found, "kind", "what")
        }

    def few(sessions: Sessions) -> bool:
        return max(sessions.values(), default=0) * scope.sample < SESSIONS_MIN

    days = Days(window.first_day, window.last_day)
    sessions, reading = read(snapshot, scope, days, None, at, few)
    counts = _counts(snapshot, scope.site, window, days)
    return SeenReport(
        basis=basis(snapshot, reading, DEFINITION, window),
        pages=_rows(EventKind.VIEW, counts, sessions),
        events=_rows(EventKind.EVENT, counts, sessions),
        clicks=_clicks(snapshot, reading, window),
    )


def _counts(
    snapshot: Snapshot, site: str, window: Window, days: Days
) -> list[tuple[str, str, int]]:
    """Kind, what, and how often it was met: the most frequent first."""
    text = with_read("counted", "seen_counts")

    def counted(_: Days, span: Window) -> pa.Table:
        edges = {"from": naive(span.start), "until": naive(span.end)}
        return snapshot.arrow(text, {"site": site, **edges})

    hours = Window(window.start.replace(minute=0, second=0, microsecond=0), window.end)
    rows = summed(
        hot_by_cell(snapshot, site, days, hours, {"query": text}, counted), "kind", "what"
    )
    rows.sort(key=lambda row: (-row["count"], row["what"]))
    return [(row["kind"], row["what"], row["count"]) for row in rows]


def _clicks(snapshot: Snapshot, reading: Reading, window: Window) -> tuple[SeenRow, ...]:
    """Elements that were clicked in most sessions: both counts are what the sample says."""
    found = summed(query_by_day(snapshot, reading, window, "seen_clicks", asked={}), "target")
    found.sort(key=lambda row: (-row["sessions"], row["target"]))
    share = 1 if reading.weighted else reading.rate
    return tuple(
        SeenRow(
            name=row["target"],
            count=round(row["clicks"] / share),
            sessions=round(row["sessions"] / share),
        )
        for row in found[:CLICKS_MAX]
    )


def _rows(
    kind: EventKind, counts: list[tuple[str, str, int]], sessions: Sessions
) -> tuple[SeenRow, ...]:
    of_kind = [(what, count) for each, what, count in counts if each == kind.value]
    return tuple(
        SeenRow(name=what, count=count, sessions=round(sessions.get((kind.value, what), 0)))
        for what, count in of_kind[:ROWS_MAX]
    )
