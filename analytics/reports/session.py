"""One session: all it did, in order, a page at a time, and what was down meanwhile."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pandas as pd
from msgspec import Struct, structs

from analytics.basis import Basis
from analytics.maintenance import Maintenance
from analytics.question import Window
from analytics.reports.sessions import DEFINITION, SessionRow, session_row
from analytics.reports.types import Blip, Incident
from analytics.reports.uptime import uptime
from analytics.sql import query
from analytics.times import aware, naive
from rum.session_code import code_of
from store.snapshot import Snapshot

EVENTS_MAX = 200
"""Of one page."""
AROUND = timedelta(minutes=5)
"""Before and after a session, in which checks are told beside it."""


class SessionEvent(Struct, frozen=True, kw_only=True):
    """One thing that happened. `detail` holds what only its kind has, by the store's names."""

    time: datetime
    kind: str
    page: str
    name: str = ""
    message: str = ""
    stack: str = ""
    value: float | None = None
    currency: str = ""
    attributes: dict[str, str] = {}
    via: str = ""
    source: str = ""
    release: str = ""
    number: int = 0
    """Its place among all the events of the session, from 0."""
    bad: bool = False
    """Something went wrong: an error, a click in rage or in vain, a request that failed."""
    server: bool = False
    """A server told of it, of the session's user or, for a deploy, of nobody."""
    detail: dict[str, str | float | bool | None] = {}


class MonitorChecks(Struct, frozen=True, kw_only=True):
    """The checks of one monitor meanwhile; `slowest_ms` is of the good ones, None without any."""

    monitor: str
    checks: int
    failed: int
    slowest_ms: float | None


class SessionReport(Struct, frozen=True, kw_only=True):
    """Events `after` to `after` + EVENTS_MAX of `total`. Where `total` is 0 but the session is
    known, its detail was not kept."""

    basis: Basis
    site: str
    session: SessionRow
    events: tuple[SessionEvent, ...]
    after: int
    total: int
    incidents: tuple[Incident, ...]
    """That touched the session, of its site's monitors."""
    blips: tuple[Blip, ...]
    checks: tuple[MonitorChecks, ...] = ()
    code: str = ""
    """The short form of the session's id, as rum.session_code makes it."""
    trouble: SessionEvent | None = None
    """The first event that went wrong, wherever in the session."""

    def frame(self) -> pd.DataFrame:
        """One row an event."""
        return pd.DataFrame([structs.asdict(event) for event in self.events])


def session(
    snapshot: Snapshot,
    site: str,
    id_: str,
    days: tuple[date, date],
    now: datetime,
    *,
    monitors: Sequence[str] = (),
    maintenance: Sequence[Maintenance] = (),
    after: int = 0,
) -> SessionReport | None:
    """The session of that id among those of `days`, both included; None when there is none.

    Raises ValueError when the id is not 32 hex digits.
    """
    found = _found(snapshot, site, UUID(id_).hex, days)
    if found is None:
        return None
    row, generated = found
    around = Window(row.first - AROUND, min(max(row.last + AROUND, row.first), now))
    told, total = _events(snapshot, site, row, after, around)
    events = tuple(event for event in told if after <= event.number < after + EVENTS_MAX)
    down = uptime(snapshot, monitors, around, now, maintenance) if monitors else None
    monitored = down.monitors if down else ()
    return SessionReport(
        basis=Basis(definition=DEFINITION, start=row.first, end=row.last, generated=generated),
        site=site,
        session=row,
        events=events,
        after=after,
        total=total,
        incidents=tuple(each for monitor in monitored for each in monitor.incidents),
        blips=tuple(each for monitor in monitored for each in monitor.blips),
        checks=_checks(snapshot, monitors, around),
        code=code_of(row.session),
        trouble=next((event for event in told if event.bad), None),
    )


def _found(
    snapshot: Snapshot, site: str, id_: str, days: tuple[date, date]
) -> tuple[SessionRow, bool] | None:
    found = snapshot.frame(
        "WITH " + query("sessions_merged") + query("session_found"),
        {
            "site": site,
            "session": id_,
            "since": None,
            "files": snapshot.summary_files([site], *days),
            "first_day": days[0],
            "last_day": days[1],
        },
    )
    if found.empty:
        return None
    row = found.to_dict("records")[0]
    return session_row(row), bool(row["generated"])


def _events(
    snapshot: Snapshot, site: str, row: SessionRow, after: int, around: Window
) -> tuple[tuple[SessionEvent, ...], int]:
    """A page of them, and the first that went wrong where that is elsewhere; and how many."""
    first, last = around.first_day, around.last_day
    found = snapshot.rows(
        query("session_events"),
        {
            "site": site,
            "session": row.session,
            "files": snapshot.detail_files([site], first, last, rest=True),
            "first_day": first,
            "last_day": last,
            "first": naive(around.start),
            "last": naive(around.end),
            "user_key": row.user_key or None,
            "most": EVENTS_MAX,
            "after": after,
        },
    )
    return tuple(_event(*columns[:-1]) for columns in found), found[0][-1] if found else 0


def _checks(
    snapshot: Snapshot, monitors: Sequence[str], around: Window
) -> tuple[MonitorChecks, ...]:
    found = snapshot.rows(
        query("session_checks"),
        {"monitors": list(monitors), "first": naive(around.start), "last": naive(around.end)},
    )
    return tuple(
        MonitorChecks(monitor=monitor, checks=checks, failed=failed, slowest_ms=slowest_ms)
        for monitor, checks, failed, slowest_ms in found
    )


def _event(
    time: datetime,
    kind: str,
    page: str,
    name: str,
    message: str,
    stack: str,
    value: float | None,
    currency: str,
    attributes: dict[str, str] | None,
    *more: Any,
) -> SessionEvent:
    vitals = dict(zip(("lcp_ms", "inp_ms", "cls", "fcp_ms", "ttfb_ms"), more[:5], strict=True))
    via, source, *structs_of_kinds, bad, server, release, number = more[5:]
    detail = {key: each for key, each in vitals.items() if each is not None}
    for struct in structs_of_kinds:
        detail |= {key: each for key, each in (struct or {}).items() if each is not None}
    return SessionEvent(
        time=aware(time),
        kind=kind,
        page=page,
        name=name,
        message=message,
        stack=stack,
        value=value,
        currency=currency,
        attributes=attributes or {},
        via=via,
        source=source,
        release=release,
        number=number,
        bad=bad,
        server=server,
        detail=detail,
    )
