"""One group of errors: where it is thrown, since which release, for whom, and who met it last."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from analytics.basis import Basis
from analytics.error_reading import Choice, ErrorDays, Groups
from analytics.owners import OwnerRule
from analytics.question import SiteScope, Window
from analytics.reports.error_types import ErrorFrame, ErrorMet, ErrorReport
from analytics.source_maps import as_written
from analytics.sql import query
from analytics.times import aware
from store.snapshot import Snapshot

DEFINITION = "errors"
MET_MAX = 20
MET_DAYS_MAX = 3
"""The latest days the group was met on, in which sessions and the stack are looked for."""
PARTS = ("level", "release", "browser", "page")
PARTS_MAX = 30
RELEASES_MAX = 200


def error(
    snapshot: Snapshot,
    scope: SiteScope,
    window: Window,
    fingerprint: str,
    *,
    now: datetime,
    owners: Sequence[OwnerRule] = (),
) -> ErrorReport | None:
    """The group on the window's days; None when nobody met it then."""
    days = ErrorDays.of(window, now)
    reading = Groups(snapshot, scope.site, days, now=now, owners=owners)
    rows = reading.counted(Choice(), fingerprint)
    if not rows:
        return None
    known = reading.known([fingerprint]).get(fingerprint) or reading.unknown(rows[0])
    sessions = reading.sessions()
    parts = reading.parts([fingerprint], PARTS, sessions).get(fingerprint, [])
    of_level = [part for part in parts if part.by == "level"]
    group = reading.group(rows[0], known, of_level, sessions.get(("all", "")))
    met = _met(snapshot, scope.site, fingerprint, group.name, reading)
    message, stack, release, frames = _latest(met)
    resolved, unresolved = as_written(snapshot, scope.site, release, frames)
    whole = days.window(now)
    return ErrorReport(
        basis=Basis(
            definition=DEFINITION,
            start=whole.start,
            end=whole.end,
            generated=bool(rows[0]["generated"]),
            note="counted in all sessions, whole days"
            if group.errors.exact
            else "estimates where errors were not counted yet",
        ),
        group=group,
        first_day=days.first,
        parts=tuple(_first_of_each(parts)),
        message=message or group.message,
        stack=stack,
        stack_release=release,
        frames=resolved,
        unresolved=unresolved,
        met=tuple(_session(row) for row in met),
        releases=_known_releases(snapshot, scope.site),
    )


def _first_of_each(parts: Sequence[Any]) -> list[Any]:
    return [part for by in PARTS for part in [each for each in parts if each.by == by][:PARTS_MAX]]


def _met(
    snapshot: Snapshot, site: str, fingerprint: str, name: str, reading: Groups
) -> list[tuple[Any, ...]]:
    days = reading.met_on(fingerprint, MET_DAYS_MAX)
    if not days:
        return []
    return snapshot.rows(
        query("error_met"),
        {
            "site": site,
            "days": days,
            "files": snapshot.detail_files([site], min(days), max(days), rest=True),
            "fingerprint": fingerprint,
            "name": name,
            "most": MET_MAX,
        },
    )


def _latest(met: Sequence[tuple[Any, ...]]) -> tuple[str, str, str, list[ErrorFrame]]:
    """Message, stack, release and frames of the last time."""
    if not met:
        return "", "", "", []
    _, _, _, release, _, _, _, message, stack, frames, _ = met[0]
    return message, stack, release, [_frame(frame) for frame in frames]


def _frame(frame: dict[str, Any]) -> ErrorFrame:
    return ErrorFrame(
        function=frame["called"],
        file=frame["file"],
        line=int(frame["line"] or 0),
        column=int(frame["col"] or 0),
        in_app=bool(frame["in_app"]),
    )


def _session(row: tuple[Any, ...]) -> ErrorMet:
    session, time, page, release, browser, device, level, _, _, _, recorded = row
    return ErrorMet(
        session=UUID(str(session)).hex,
        time=aware(time),
        page=page,
        release=release,
        browser=browser,
        device=device,
        level=level,
        recorded=bool(recorded),
    )


def _known_releases(snapshot: Snapshot, site: str) -> dict[str, datetime]:
    rows = snapshot.rows(query("releases_known"), {"site": site, "most": RELEASES_MAX})
    return {release: aware(since) for release, since in rows}
