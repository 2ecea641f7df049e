"""The pages and events a site's visitors really met: what a funnel can be made of."""

from typing import Any

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
    edges = {"start": naive(window.start), "end": naive(window.end)}

    def at(reading: Reading) -> Sessions:
        text = with_read(reading.fragment, "seen_sessions")
        found = snapshot.rows(text, {**reading.parameters, **edges})
        share = 1 if reading.weighted else reading.rate
        return {(kind, what): weight / share for kind, what, weight in found}

    def few(sessions: Sessions) -> bool:
        return max(sessions.values(), default=0) * scope.sample < SESSIONS_MIN

    days = Days(window.first_day, window.last_day)
    sessions, reading = read(snapshot, scope, days, None, at, few)
    counts = snapshot.rows(
        with_read("counted", "seen_counts"),
        {
            "site": scope.site,
            "from": naive(window.start).replace(minute=0, second=0, microsecond=0),
            "until": naive(window.end),
        },
    )
    return SeenReport(
        basis=basis(snapshot, reading, DEFINITION, window),
        pages=_rows(EventKind.VIEW, counts, sessions),
        events=_rows(EventKind.EVENT, counts, sessions),
        clicks=_clicks(snapshot, reading, edges),
    )


def _clicks(snapshot: Snapshot, reading: Reading, edges: dict[str, Any]) -> tuple[SeenRow, ...]:
    """Elements that were clicked: both counts are what the sample says."""
    found = snapshot.rows(
        with_read(reading.fragment, "seen_clicks"),
        {**reading.parameters, **edges, "most": CLICKS_MAX},
    )
    share = 1 if reading.weighted else reading.rate
    return tuple(
        SeenRow(name=target, count=round(clicks / share), sessions=round(sessions / share))
        for target, clicks, sessions in found
    )


def _rows(
    kind: EventKind, counts: list[tuple[Any, ...]], sessions: Sessions
) -> tuple[SeenRow, ...]:
    of_kind = [(what, count) for each, what, count in counts if each == kind.value]
    return tuple(
        SeenRow(name=what, count=count, sessions=round(sessions.get((kind.value, what), 0)))
        for what, count in of_kind[:ROWS_MAX]
    )
