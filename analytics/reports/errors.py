"""Errors in groups: which there are, in what state, whose they are, and who met them."""

from collections.abc import Sequence
from datetime import datetime

from analytics.basis import Basis
from analytics.error_reading import GROUPS_MAX, Choice, ErrorDays, Groups
from analytics.owners import OwnerRule
from analytics.question import SiteScope, Window
from analytics.reports.error_types import ErrorGroup, ErrorRelease, ErrorsReport, ErrorState
from analytics.sql import query
from analytics.times import aware, naive
from store.snapshot import Snapshot

DEFINITION = "errors"
ROWS_MAX = 50
RELEASES_MAX = 8
BY_LEVEL = ("all", "level")
"""Choices whose groups are told by level: of a page or release they are not counted so."""
_ORDER = {
    ErrorState.REGRESSED: 0,
    ErrorState.NEW: 1,
    ErrorState.ONGOING: 2,
    ErrorState.RESOLVED: 3,
}


def errors(
    snapshot: Snapshot,
    scope: SiteScope,
    window: Window,
    choice: Choice,
    *,
    now: datetime,
    state: str = "",
    owner: str = "",
    owners: Sequence[OwnerRule] = (),
    after: int = 0,
) -> ErrorsReport:
    """The groups met on the window's days, counted at 100 %; see ErrorsReport for their order. Of
    one release, what was met first in it comes before the rest.

    Of days sealed before errors were counted, totals are estimates of what was kept.
    """
    days = ErrorDays.of(window, now)
    reading = Groups(snapshot, scope.site, days, now=now, owners=owners)
    rows = reading.counted(choice)
    known = reading.known([row["fingerprint"] for row in rows])
    sessions = {} if choice.page else reading.sessions()
    among = sessions.get(_among(choice))
    all_groups = [
        reading.group(row, known.get(row["fingerprint"]) or reading.unknown(row), (), among)
        for row in rows[:GROUPS_MAX]
    ]
    wanted = [
        group
        for group in all_groups
        if state in ("", group.state.value) and owner in ("", group.owner)
    ]
    wanted.sort(
        key=lambda group: (
            choice.release != "" and group.first_release != choice.release,
            _ORDER[group.state],
            -group.sessions.value,
            group.fingerprint,
        )
    )
    shown = wanted[after : after + ROWS_MAX]
    if choice.part in BY_LEVEL:
        shown = _with_levels(reading, shown, sessions, scope.levels)
    return ErrorsReport(
        basis=_basis(days, now, rows, all_groups),
        rows=tuple(shown),
        groups=len(wanted),
        states={
            each.value: sum(group.state is each for group in all_groups) for each in ErrorState
        },
        first_day=days.first,
        releases=_releases(snapshot, scope.site, days.window(now)),
        after=after,
    )


def _among(choice: Choice) -> tuple[str, str]:
    """The sessions that a group's share is of; none are counted by page."""
    if choice.part == "all":
        return ("all", "")
    return (choice.part, choice.level or choice.release)


def _with_levels(
    reading: Groups,
    groups: Sequence[ErrorGroup],
    sessions: dict[tuple[str, str], float],
    levels: Sequence[str],
) -> list[ErrorGroup]:
    parts = reading.parts([group.fingerprint for group in groups], ["level"], sessions)
    order = {level: place for place, level in enumerate(levels)}
    filled = []
    for group in groups:
        found = parts.get(group.fingerprint, [])
        found.sort(key=lambda part: order.get(part.value, len(order)))
        filled.append(group.with_levels(found))
    return filled


def _releases(snapshot: Snapshot, site: str, window: Window) -> tuple[ErrorRelease, ...]:
    rows = snapshot.rows(
        query("error_releases"),
        {
            "site": site,
            "start": naive(window.start),
            "end": naive(window.end),
            "most": RELEASES_MAX,
        },
    )
    return tuple(
        ErrorRelease(release=release, since=aware(since), new_groups=groups, source_maps=maps)
        for release, since, groups, maps in rows
    )


def _basis(
    days: ErrorDays, now: datetime, rows: Sequence[dict[str, object]], groups: Sequence[ErrorGroup]
) -> Basis:
    window = days.window(now)
    estimated = any(not group.errors.exact for group in groups)
    notes = [] if estimated else ["counted in all sessions, whole days"]
    if estimated:
        notes.append("days sealed before errors were counted are estimates, with their intervals")
    if len(rows) > GROUPS_MAX:
        notes.append(f"the {GROUPS_MAX} groups that most sessions met")
    return Basis(
        definition=DEFINITION,
        start=window.start,
        end=window.end,
        generated=any(bool(row["generated"]) for row in rows),
        note="; ".join(notes),
    )
