"""A session's timeline as support reads it: what happened, how far in, what was silent between."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from analytics.reports.session import SessionEvent, SessionReport
from analytics.reports.types import Incident
from rum.records import EventKind
from vigie.console import happenings
from vigie.console.formats import duration
from vigie.console.happenings import Happening
from vigie.console.texts import outcome_name

GAP_MIN_S = 60.0
"""Silence as long as this is said: people were away, or could not go on."""
OUTSIDE = "outside"


class Line(Struct, frozen=True, kw_only=True):
    """One line. `in_s` is from the session's beginning; `gap_s`, when not 0, the silence before.
    `number` is the event's place in the session, None for what was seen from outside."""

    at: datetime
    in_s: float
    kind: str
    said: Happening
    gap_s: float = 0.0
    stayed_s: float | None = None
    """Of a view: until the next one, or the last sign of the session."""
    number: int | None = None
    stack: str = ""
    theirs: bool = True
    """The browser told of it; silence is the browser's."""


def lines(report: SessionReport, names: Mapping[str, str]) -> list[Line]:
    """The events of the page, and among them where outages of the monitors began and ended."""
    told = [
        *(_event(report, event) for event in report.events),
        *_outside(report, names),
    ]
    told.sort(key=lambda line: (line.at, line.number is None, line.number or 0))
    return list(_with_gaps(told))


def trouble_words(report: SessionReport) -> str:
    """What went wrong first, in one sentence; "" when nothing did."""
    event = report.trouble
    if event is None:
        return ""
    said = happenings.words(event)
    what = ", ".join(part for part in (said.what, said.more) if part)
    in_s = (event.time - report.session.first).total_seconds()
    where = f" on {event.page}" if event.page else ""
    return f"{said.kind}: {what}{where}, {duration(max(0.0, in_s))} in"


def counts_words(report: SessionReport) -> str:
    """ "2 errors, 1 rage click, 3 requests that failed", or that nothing went wrong."""
    row = report.session
    counted = (
        (row.errors, "error", "errors"),
        (row.rage_clicks, "rage click", "rage clicks"),
        (row.failed_requests, "request that failed", "requests that failed"),
        (len(report.incidents), "outage meanwhile", "outages meanwhile"),
    )
    return ", ".join(f"{n:,} {one if n == 1 else many}" for n, one, many in counted if n)


def _event(report: SessionReport, event: SessionEvent) -> Line:
    said = happenings.words(event)
    if event.server:
        more = ", ".join(part for part in ("told by a server", event.release, said.more) if part)
        said = Happening(said.kind, said.what, more, said.bad)
    return Line(
        at=event.time,
        in_s=(event.time - report.session.first).total_seconds(),
        kind=event.kind,
        said=said,
        number=event.number,
        stack=event.stack,
        theirs=not event.server,
        stayed_s=_stayed_s(report, event),
    )


def _stayed_s(report: SessionReport, event: SessionEvent) -> float | None:
    if event.kind != EventKind.VIEW:
        return None
    later = (
        other.time
        for other in report.events
        if other.kind == EventKind.VIEW and other.number > event.number
    )
    after = next(later, None)
    whole = report.after + len(report.events) >= report.total
    end = after or (report.session.last if whole else None)
    return max(0.0, (end - event.time).total_seconds()) if end else None


def _outside(report: SessionReport, names: Mapping[str, str]) -> Iterator[Line]:
    """Within the page of events: the first page also tells what began before, the last the rest."""
    if not report.events:
        return
    whole = report.after + len(report.events) >= report.total
    first = report.events[0].time if report.after else None
    last = None if whole else report.events[-1].time

    def here(at: datetime) -> bool:
        return (first is None or at >= first) and (last is None or at <= last)

    for incident in report.incidents:
        name = names.get(incident.monitor, incident.monitor)
        if here(incident.start):
            yield _edge(report, incident, incident.start, f"{name} went down")
        if incident.end and here(incident.end):
            yield _edge(report, incident, incident.end, f"{name} is up again")


def _edge(report: SessionReport, incident: Incident, at: datetime, what: str) -> Line:
    return Line(
        at=at,
        in_s=(at - report.session.first).total_seconds(),
        kind=OUTSIDE,
        theirs=False,
        said=Happening("Outside", what, outcome_name(incident.outcome), at == incident.start),
    )


def _with_gaps(told: list[Line]) -> Iterator[Line]:
    before: datetime | None = None
    for line in told:
        if not line.theirs:
            yield line
            continue
        silent_s = (line.at - before).total_seconds() if before else 0.0
        yield replace(line, gap_s=silent_s if silent_s >= GAP_MIN_S else 0.0)
        before = line.at
