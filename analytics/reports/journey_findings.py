"""What a journey's figures say is wrong: read, judged, and told with what it cost."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from analytics.activity import HOUR_US
from analytics.dips import CHANCE_MAX, Dip, dips
from analytics.failing import failing
from analytics.findings import (
    Cost,
    failing_people,
    in_order,
    left_behind,
    outages,
    rare,
    unobserved,
)
from analytics.funnel_sessions import FunnelSessions, days_of, joined, read_sessions
from analytics.gaps import gaps
from analytics.levels import EVERYONE, shown
from analytics.lows import Low, chance_of
from analytics.maintenance import Maintenance
from analytics.question import JourneyQuestion, Window
from analytics.reports.activity import Judged, judged, lows_within
from analytics.reports.activity_types import ActivityLow, ActivityQuestion
from analytics.reports.cost import hours_of, missing
from analytics.reports.types import Finding, UptimeReport
from analytics.sampling import Reading, read
from analytics.slots import HOUR, Slots, slots_of_width
from analytics.times import to_us
from store.snapshot import Snapshot

BASELINE = timedelta(days=7)
"""In a shorter window, people are compared with those of this long before its end."""


class Asked(Struct, frozen=True):
    snapshot: Snapshot
    question: JourneyQuestion
    window: Window
    now: datetime
    within: timedelta
    maintenance: Sequence[Maintenance]

    def at(self, window: Window, reading: Reading) -> FunnelSessions:
        steps = self.question.steps
        return read_sessions(self.snapshot, reading, steps, window, self.within, self.now)


def findings(
    asked: Asked,
    sessions: FunnelSessions,
    reading: Reading,
    probes: UptimeReport,
    volume: Judged | None,
) -> tuple[Finding, ...]:
    """In order: what lasts first. `volume` is the event's; None without one."""
    question, window, monitors = asked.question, asked.window, probes.monitors
    cost = _cost(asked, volume)
    declared = [level for level in shown(question.scope.levels, ()) if level != EVERYONE]
    people = failing_people(_dips(asked, sessions, reading), question.steps, monitors, cost, window)
    down = outages(monitors, cost, window)
    sure = _sure_lows(asked, volume) if volume else []
    unseen = unobserved(monitors)
    behind = gaps(sessions, len(question.steps), slots_of_width(window, HOUR), declared)
    return in_order(
        [
            *people,
            *down,
            *rare(sure, question.event, cost, window, [*people, *down, *unseen]),
            *left_behind(behind, question.steps, window),
            *unseen,
        ]
    )


def volume_of(asked: Asked) -> Judged | None:
    """The event's volume; None for a journey without an event."""
    if not asked.question.event:
        return None
    # The hour that the window ends in as well, once it is over: what came in it is compared whole.
    whole = Window(asked.window.start, min(asked.window.end + HOUR, asked.now))
    return judged(asked.snapshot, event_of(asked.question), whole, asked.now, asked.maintenance)


def event_of(question: JourneyQuestion) -> ActivityQuestion:
    return ActivityQuestion(
        scope=question.scope,
        event=question.event,
        name=question.name,
        journey=question.id,
        monitors=question.monitors,
        chance=question.activity_chance,
    )


def _cost(asked: Asked, volume: Judged | None) -> Cost:
    def told(when: Window, named: bool) -> str:
        if volume is None:
            return ""
        lost = missing(volume, hours_of(when, asked.now))
        clause = lost.clause("" if named else asked.question.event, volume.currency)
        return clause and (f": {clause}" if named else f"; {clause}")

    return told


def _sure_lows(asked: Asked, volume: Judged) -> list[ActivityLow]:
    """Those that last, of which channels are told; and of those that are over the ones that chance
    would show once in a hundred windows like this, among all that were looked at."""
    alpha, window = asked.question.activity_chance, asked.window
    first = max(0, to_us(window.start) // HOUR_US - volume.volume.first)
    looked_at = sum(int(each.tested(alpha)[first:].sum()) for each in volume.windows)
    lasting_or_sure = [
        low
        for low in volume.lows
        if low.end is None or _least_chance(volume, low, alpha) * looked_at <= CHANCE_MAX
    ]
    return lows_within(volume, lasting_or_sure, window)


def _least_chance(volume: Judged, low: Low, alpha: float) -> float:
    """Of the windows that lie within the low."""
    end = len(volume.volume.counts) if low.end is None else low.end
    return min(
        (
            chance_of(each, place)
            for each in volume.windows
            for place in range(low.start + each.length_h, max(end, low.seen) + 1)
            if each.tested(alpha)[place]
        ),
        default=1.0,
    )


def _dips(asked: Asked, sessions: FunnelSessions, reading: Reading) -> list[tuple[Dip, Window]]:
    """Dips at steps, and failures on the pages that no such dip tells of, with the whole hours they
    lie in; before a short window, its week is read as well."""
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
        sessions = joined(earlier, sessions)
    slots = slots_of_width(Window(before.start, window.end), HOUR)
    levels = shown(scope.levels, sessions.level.found)
    at_steps = dips(sessions, len(asked.question.steps), slots, levels)
    on_pages = [
        dip
        for dip in _on_pages(asked, reading, Window(before.start, window.end), slots)
        if all(dip.end <= other.first or dip.first >= other.end for other in at_steps)
    ]
    return [
        (dip, Window(slots.window(dip.first).start, slots.window(dip.end - 1).end))
        for dip in sorted([*at_steps, *on_pages], key=lambda dip: dip.first)
    ]


def _on_pages(asked: Asked, reading: Reading, window: Window, slots: Slots) -> list[Dip]:
    question = asked.question
    if not any(step.page for step in question.steps):
        return []
    found, _ = read(
        asked.snapshot,
        question.scope,
        days_of(window, timedelta(), asked.now),
        reading.rate,
        lambda at: failing(asked.snapshot, at, question, window, slots),
        lambda _: False,
    )
    return found
