"""A named journey: outside, people by level, activity and errors joined on one time axis, and what
they say together."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pyarrow as pa
from msgspec import Struct, structs

from analytics.activity import HOUR_US, Counts, began, history
from analytics.basis import Basis
from analytics.by_day import hot_by_cell, summed
from analytics.funnel_sessions import FunnelSessions, days_of
from analytics.levels import shown
from analytics.maintenance import Maintenance
from analytics.outside import outside
from analytics.people import People, by_slot
from analytics.question import JourneyQuestion, Window
from analytics.reports.activity import state_of
from analytics.reports.funnel import DEFINITION as FUNNEL
from analytics.reports.funnel import segments, withheld
from analytics.reports.journey_findings import Asked, event_of, findings, volume_of
from analytics.reports.types import (
    FunnelReport,
    FunnelSegment,
    JourneyReport,
    JourneySlot,
    UptimeReport,
)
from analytics.reports.uptime import uptime
from analytics.sampling import Days, Reading, basis, read, sealed_days
from analytics.slots import HOUR, MINUTES_5, Slots, slots_of
from analytics.sql import with_read
from analytics.times import naive
from store.snapshot import Snapshot

DEFINITION = "journey"


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
    asked = Asked(
        snapshot, question, window, now, timedelta(seconds=question.window_s), maintenance
    )
    days = Days(window.first_day, window.last_day)
    least = HOUR if sealed_days(snapshot, question.scope, days) else MINUTES_5
    slots = slots_of(window, least=least)
    probes = uptime(snapshot, list(question.monitors), window, now, maintenance)
    lived, reading = _read(asked, slots)
    counted = _counted(asked, slots)
    main = basis(snapshot, reading, DEFINITION, window)
    volume = volume_of(asked)
    state, says = state_of(event_of(question), volume) if volume else (None, "")
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
        findings=findings(asked, lived.sessions, reading, probes, volume),
        activity_total=sum(counted.activity.by_slot.values()),
        activity_state=state,
        activity_says=says,
    )


def _read(asked: Asked, slots: Slots) -> tuple[_Lived, Reading]:
    question = asked.question

    def at(reading: Reading) -> _Lived:
        sessions = asked.at(asked.window, reading)
        levels = shown(question.scope.levels, sessions.level.found)
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


def _counted(asked: Asked, slots: Slots) -> _Counted:
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


def _counts(asked: Asked, window: Window, width_us: int) -> list[tuple[int, int, int]]:
    text = with_read("counted", "journey_counts")
    site, event = asked.question.scope.site, asked.question.event
    of_all = {"site": site, "event": event, "slot_us": width_us}

    def counted(_: Days, span: Window) -> pa.Table:
        edges = {"from": naive(span.start), "until": naive(span.end)}
        return asked.snapshot.arrow(text, {**of_all, **edges})

    days = Days(window.first_day, window.last_day)
    question = {"query": text, **of_all}
    rows = summed(hot_by_cell(asked.snapshot, site, days, window, question, counted), "slot")
    return [(row["slot"], row["activity"], row["errors"]) for row in rows]


def _slots(
    asked: Asked, slots: Slots, probes: UptimeReport, people: People, counted: _Counted
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
