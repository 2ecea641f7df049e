"""Which sessions there were: each with what it came to, newest first, a page at a time."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pandas as pd
from msgspec import Struct, structs

from analytics.basis import Basis
from analytics.question import SiteScope, Window
from analytics.sql import query
from analytics.times import aware, naive
from rum.session_code import ranges_of
from store.snapshot import Snapshot

DEFINITION = "sessions"
WHOLE = "everyone's sessions, none left out by a sample"
ROWS_MAX = 50
LOOKED_BACK = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=10),
    *(timedelta(hours=hours) for hours in (1, 6, 24, 96, 288)),
)
"""A look that finds too few takes some 20 ms; where 2,500 sessions begin in a second, one of a
minute takes over a second."""
AFTER_MAX = 10_000
"""Sessions that may lie before a page of the list: narrow the window to see further."""


class SessionFilter(Struct, frozen=True, kw_only=True):
    """Which sessions are asked for; "" and False leave a matter open."""

    level: str = ""
    page: str = ""
    device: str = ""
    user_key: str = ""
    """Of rum.privacy.user_key."""
    code: str = ""
    """A session's code, or the beginning of one or of an id: rum.session_code."""
    errors: bool = False
    recorded: bool = False


class SessionRow(Struct, frozen=True, kw_only=True):
    """One session, as summed up of everyone's. Times are UTC; texts are "" where not known.

    `chunks` pieces of a recording hold `recorded_s` seconds of it; 0: none.
    """

    session: str
    first: datetime
    last: datetime
    level: str
    user_key: str
    device: str
    browser: str
    os: str
    release: str
    entry_page: str
    views: int
    named_events: int
    errors: int
    clicks: int
    rage_clicks: int
    failed_requests: int
    engaged_s: float
    chunks: int
    recorded_s: float


class SessionsReport(Struct, frozen=True, kw_only=True):
    """At most ROWS_MAX sessions, after the `after` newest; `more`: there are others still."""

    basis: Basis
    rows: tuple[SessionRow, ...]
    after: int
    more: bool

    def frame(self) -> pd.DataFrame:
        """One row a session."""
        return pd.DataFrame([structs.asdict(row) for row in self.rows])


def sessions(
    snapshot: Snapshot,
    scope: SiteScope,
    window: Window,
    asked: SessionFilter,
    *,
    after: int = 0,
) -> SessionsReport:
    """Sessions that touch the window. Everyone's, not a sample's; without bots.

    A page is looked for among all views while a day is hot, then among those of kept sessions, and
    everyone's first. Raises ValueError for a code that is none.
    """
    ranges = ranges_of(asked.code) if asked.code else None
    if ranges == ():
        raise ValueError(f"{asked.code!r} is neither a session's code nor the beginning of its id")
    chosen = {
        "level": asked.level or None,
        "page": asked.page or None,
        "device": asked.device or None,
        "user_key": asked.user_key or None,
        "low": ranges and [each.low for each in ranges],
        "high": ranges and [each.high for each in ranges],
        "errors": asked.errors,
        "recorded": asked.recorded,
        "most": ROWS_MAX + 1,
        "after": min(after, AFTER_MAX),
    }
    few = bool(ranges or asked.user_key)
    for since in () if few else _looked_back(snapshot, scope.site, window):
        found = _found(snapshot, scope.site, window, since, chosen)
        if len(found) > ROWS_MAX:
            break
    else:
        found = _found(snapshot, scope.site, window, None, chosen)
    rows = tuple(session_row(row) for row in found.head(ROWS_MAX).to_dict("records"))
    page_note = "; of sealed days, a page other than the first is known of kept sessions only"
    return SessionsReport(
        basis=Basis(
            definition=DEFINITION,
            start=window.start,
            end=window.end,
            generated=bool(found["generated"].any()),
            note=WHOLE + (page_note if asked.page else ""),
        ),
        rows=rows,
        after=after,
        more=len(found) > ROWS_MAX,
    )


def _looked_back(snapshot: Snapshot, site: str, window: Window) -> Iterator[datetime]:
    """How far back to look for the newest sessions, from when the site was last heard of, further
    each time; all who are newer are known from there on."""
    ((last,),) = snapshot.rows(query("sessions_last"), {"site": site, "end": naive(window.end)})
    end = window.end if last is None else aware(last)
    for back in LOOKED_BACK:
        if (since := end - back) > window.start:
            yield since


def _found(
    snapshot: Snapshot, site: str, window: Window, since: datetime | None, chosen: dict[str, Any]
) -> pd.DataFrame:
    """The newest of the chosen ones, of those that began since, or of all."""
    # What began the day before and went on over midnight began before.
    first = window.first_day if since is None else since.date() - timedelta(days=1)
    days = (max(first, window.first_day), window.last_day)
    return snapshot.frame(
        "WITH " + query("sessions_merged") + query("sessions_listed"),
        {
            **chosen,
            "first_day": days[0],
            "last_day": days[1],
            "site": site,
            "files": snapshot.summary_files([site], *days),
            "detail_files": snapshot.detail_files([site], *days, rest=True),
            "session": None,
            "since": naive(since) if since else None,
            "start": naive(window.start),
            "end": naive(window.end),
        },
    )


def session_row(row: dict[Any, Any]) -> SessionRow:
    """A row of sessions_merged.sql and what is recorded of it."""

    def text(name: str) -> str:
        return row[name] if isinstance(row[name], str) else ""

    counts = ("views", "named_events", "errors", "clicks", "rage_clicks", "failed_requests")
    return SessionRow(
        session=UUID(str(row["session"])).hex,
        first=aware(row["first_time"].to_pydatetime()),
        last=aware(row["last_time"].to_pydatetime()),
        level=text("level"),
        user_key=text("user_key"),
        device=text("device"),
        browser=text("browser"),
        os=text("os"),
        release=text("release"),
        entry_page=text("entry_page"),
        **{name: int(row[name]) for name in counts},
        engaged_s=float(row["engaged_s"]),
        chunks=int(row["chunks"]),
        recorded_s=float(row["recorded_s"]),
    )
