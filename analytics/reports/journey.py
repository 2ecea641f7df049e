"""A named journey: outside, people by level, activity and errors joined on one time axis, and what
they say together."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from msgspec import Struct, structs

from analytics.activity import HOUR_US, Counts, began, history
from analytics.basis import Basis
from analytics.dips import Dip, dips
from analytics.findings import (
    Activity,
    failing_people,
    in_order,
    left_behind,
    outages,
    unobserved,
)
from analytics.funnel_sessions import FunnelSessions, chained, days_of, read_sessions
from analytics.gaps import gaps
from analytics.levels import EVERYONE, shown
from analytics.maintenance import Maintenance
from analytics.outside import outside
from analytics.people import People, by_slot
from analytics.question import JourneyQuestion, Window
from analytics.reports.funnel import DEFINITION as FUNNEL
from analytics.reports.funnel import segments, withheld
from analytics.reports.types import (
    Finding,
    FunnelReport,
    FunnelSegment,
    JourneyReport,
    JourneySlot,
    UptimeReport,
)
from analytics.reports.uptime import uptime
from analytics.sampling import Days, Reading, basis, read, sealed_days
from analytics.slots import HOUR, MINUTES_5, Slots, slots_of, slots_of_width
from analytics.sql import with_read
from analytics.times import naive
from store.snapshot import Snapshot

DEFINITION = "journey"
BASELINE = timedelta(days=7)
"""In a shorter window, people are compared with those of this long before its end."""


class _Asked(Struct, frozen=True):
    snapshot: Snapshot
    question: JourneyQuestion
    window: Window
    now: datetime
    within: timedelta

    def at(self, window: Window, reading: Reading) -> FunnelSessions:
        steps = self.question.steps
        return read_sessions(self.snapshot, reading, steps, window, self.within, self.now)


class _Lived(Struct, frozen=True):
    """What people of the window lived, at one reading."""

    sessions: FunnelSessions
    people: People
    segments: list[FunnelSegment]


class _Counted(Struct, frozen=True):
    """Business events and errors: the window's by slot, the event's history by hour."""

    activity: Counts
    errors: Counts
    history: Counts


def journey(
    snapshot: Snapshot,
    question: JourneyQuestion,
    window: Window,
    now: datetime,
    maintenance: Sequence[Maintenance] = (),
) -> JourneyReport:
    """The journey over the part of `window` already lived; `maintenance` is as for uptime().

    A journey without steps has no people, one without monitors no outside, one without an event
    no activity.
    """
    window = Window(window.start, max(window.start, min(window.end, now)))
    asked = _Asked(snapshot, question, window, now, timedelta(seconds=question.window_s))
    days = Days(window.start.date(), window.end.date())
    least = HOUR if sealed_days(snapshot, question.scope, days) else MINUTES_5
    slots = slots_of(window, least=least)
    probes = uptime(snapshot, list(question.monitors), window, now, maintenance)
    lived, reading = _read(asked, slots)
    counted = _counted(asked, slots)
    main = basis(snapshot, reading, DEFINITION, window)
    everyone, *levels = lived.segments
    return JourneyReport(
        basis=_with_observed(main, probes),
        id=question.id,
        name=question.name,
        owner=question.owner,
        uptime=probes,
        funnel=FunnelReport(
            basis=structs.replace(main, definition=FUNNEL),
            window_s=question.window_s,
            everyone=everyone,
            levels=tuple(levels),
        ),
        slots=_slots(asked, slots, probes, lived.people, counted),
        findings=_findings(asked, lived.sessions, reading, probes, counted),
        activity_total=sum(counted.activity.by_slot.values()),
    )


def _read(asked: _Asked, slots: Slots) -> tuple[_Lived, Reading]:
    question = asked.question

    def at(reading: Reading) -> _Lived:
        sessions = asked.at(asked.window, reading)
        levels = shown(question.scope.levels, sessions.level)
        return _Lived(
            sessions,
            by_slot(sessions, len(question.steps), slots, levels),
            segments(sessions, question.steps, question.scope.levels),
        )

    def unsure(lived: _Lived) -> bool:
        return lived.people.mostly_withheld or withheld(lived.segments)

    days = days_of(asked.window, asked.within, asked.now)
    return read(asked.snapshot, question.scope, days, None, at, unsure)


def _with_observed(main: Basis, probes: UptimeReport) -> Basis:
    return structs.replace(
        main,
        observed_share=probes.basis.observed_share,
        generated=main.generated or probes.basis.generated,
    )


def _counted(asked: _Asked, slots: Slots) -> _Counted:
    window = Window(slots.whole.start, asked.window.end)
    fine = _counts(asked, window, slots.width_us)
    past = history(Window(window.start - HOUR, window.end))
    by_hour = _counts(asked, past, HOUR_US)
    since = began(min(row[0] for row in by_hour), HOUR_US) if by_hour else None
    return _Counted(
        Counts(slots.width_us, {slot: activity for slot, activity, _ in fine}, None),
        Counts(slots.width_us, {slot: errors for slot, _, errors in fine}, None),
        Counts(HOUR_US, {slot: activity for slot, activity, _ in by_hour}, since),
    )


def _counts(asked: _Asked, window: Window, width_us: int) -> list[tuple[int, int, int]]:
    rows = asked.snapshot.rows(
        with_read("counted", "journey_counts"),
        {
            "site": asked.question.scope.site,
            "event": asked.question.event,
            "from": naive(window.start),
            "until": naive(window.end),
            "slot_us": width_us,
        },
    )
    return [(slot, activity, errors) for slot, activity, errors in rows]


def _slots(
    asked: _Asked, slots: Slots, probes: UptimeReport, people: People, counted: _Counted
) -> tuple[JourneySlot, ...]:
    found = []
    for index, seen in enumerate(outside(probes.monitors, slots)):
        whole = slots.window(index)
        lived = Window(whole.start, min(whole.end, asked.window.end))
        number = slots.first + index
        found.append(
            JourneySlot(
                start=max(whole.start, asked.window.start),
                end=lived.end,
                outside=seen.state,
                down_s=seen.down_s,
                observed_share=seen.observed_share,
                entered={level: counts[index] for level, counts in people.entered.items()},
                passed={level: shares[index] for level, shares in people.passed.items()},
                activity=counted.activity.by_slot.get(number, 0),
                expected=counted.history.usual(lived) if asked.question.event else None,
                errors=counted.errors.by_slot.get(number, 0),
            )
        )
    return tuple(found)


def _findings(
    asked: _Asked,
    sessions: FunnelSessions,
    reading: Reading,
    probes: UptimeReport,
    counted: _Counted,
) -> tuple[Finding, ...]:
    question, window, monitors = asked.question, asked.window, probes.monitors
    activity = Activity(question.event, counted.history.between, counted.history.usual)
    slots = slots_of_width(window, HOUR)
    declared = [level for level in shown(question.scope.levels, ()) if level != EVERYONE]
    return in_order(
        [
            *failing_people(
                _dips(asked, sessions, reading),
                question.steps,
                monitors,
                activity if question.event else None,
                window,
            ),
            *outages(monitors, window),
            *left_behind(
                gaps(sessions, len(question.steps), slots, declared), question.steps, window
            ),
            *unobserved(monitors),
        ]
    )


def _dips(asked: _Asked, sessions: FunnelSessions, reading: Reading) -> list[tuple[Dip, Window]]:
    """Dips with the whole hours they lie in; before a short window, its week is read as well."""
    window, scope = asked.window, asked.question.scope
    before = Window(min(window.start, window.end - BASELINE), window.start)
    if before.start < before.end and asked.question.steps:
        earlier, _ = read(
            asked.snapshot,
            scope,
            days_of(before, asked.within, asked.now),
            reading.rate,
            lambda at: asked.at(before, at),
            lambda _: False,
        )
        sessions = chained(earlier, sessions)
    slots = slots_of_width(Window(before.start, window.end), HOUR)
    levels = shown(scope.levels, np.unique(sessions.level.astype(str)))
    return [
        (dip, Window(slots.window(dip.first).start, slots.window(dip.end - 1).end))
        for dip in dips(sessions, len(asked.question.steps), slots, levels)
    ]
