"""One line on a journey, one headline on all monitors, one biggest drop: what Home says first."""

from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct

from analytics.basis import Estimate
from analytics.question import UNDECLARED, Window
from analytics.reports.types import (
    Finding,
    FindingKind,
    FunnelStep,
    Incident,
    JourneyReport,
    MonitorUptime,
    State,
)
from vigie.console.formats import interval, percent, plural, uptime_percent

CLOSER_LEAST = timedelta(hours=1)
"""The least that is shown before and after a finding looked at closer."""


class Headline(Struct, frozen=True):
    """What is down now, in a few words; `troubled` are the monitors it speaks of."""

    title: str
    note: str
    tone: str
    state: State | None
    troubled: tuple[MonitorUptime, ...] = ()


class JourneyLine(Struct, frozen=True):
    """A journey's report with its verdict in one sentence, and the state that stands for it."""

    report: JourneyReport
    verdict: str
    state: State
    uptime: float | None
    down: bool = False
    """Whether one of its monitors is down now, and no finding tells of it."""
    lived: Estimate | None = None
    """How much of their time it worked for people; None where that was not asked."""


class FindingLine(Struct, frozen=True):
    """A finding as a journey's page lists it. `around` is the window to look closer at it; None
    where the whole window is meant already."""

    finding: Finding
    state: State
    tone: str
    around: Window | None


class Drop(Struct, frozen=True):
    """The step at which most sessions leave, and the level it is worst for."""

    journey: JourneyReport
    before: str
    after: str
    lost: float
    reached: int
    """Sessions read that came to the step before."""
    level: str
    level_lost: float


def headline(monitors: Sequence[MonitorUptime]) -> Headline:
    """One sentence on the state of all monitors now."""
    if not monitors:
        return Headline("No monitor yet", "", "unknown", State.UNKNOWN)
    total = len(monitors)
    by_state = {state: tuple(m for m in monitors if m.state is state) for state in State}
    if down := by_state[State.DOWN]:
        title = f"{_subject(down, total)} down"
        return Headline(title, "", "down", State.DOWN, down + by_state[State.DEGRADED])
    if degraded := by_state[State.DEGRADED]:
        return Headline(
            f"{_subject(degraded, total)} degraded", "", "degraded", State.DEGRADED, degraded
        )
    unknown = by_state[State.UNKNOWN]
    if len(unknown) == total:
        return Headline(
            "Nothing is observed now",
            "No check result arrives: see the prober's line under Data.",
            "unknown",
            State.UNKNOWN,
        )
    if unknown:
        return Headline(
            f"{_subject(unknown, total)} not observed",
            "Everything that is observed is up.",
            "unknown",
            State.UNKNOWN,
            unknown,
        )
    title = "The monitor is up" if total == 1 else f"All {total} monitors are up"
    return Headline(title, "", "up", State.UP)


def journey_line(report: JourneyReport) -> JourneyLine:
    """The verdict: what goes on now, else what went wrong in the window, else that all is well."""
    down = [m for m in report.uptime.monitors if m.state is State.DOWN]
    uptime = min((m.uptime for m in report.uptime.monitors if m.uptime is not None), default=None)
    open_findings = [finding for finding in report.findings if finding.end is None]
    outage = next((each for each in open_findings if each.kind is FindingKind.OUTAGE), None)
    if down and outage:
        said = f"Cannot be reached now: {outage.sentence}"
        return JourneyLine(report, said, State.DOWN, uptime)
    if down:
        names = listed([m.name or m.monitor for m in down]) + (" is" if len(down) == 1 else " are")
        return JourneyLine(
            report, f"Cannot be reached now: {names} down.", State.DOWN, uptime, True
        )
    if open_findings:
        return JourneyLine(report, open_findings[0].sentence, State.DOWN, uptime)
    if report.findings:
        return JourneyLine(report, report.findings[0].sentence, State.DEGRADED, uptime)
    through = _through(report)
    outside = f"Reachable {uptime_percent(uptime)} of observed time" if uptime is not None else ""
    if not through and not outside:
        return JourneyLine(report, "Nothing recorded in this window.", State.UNKNOWN, uptime)
    sentence = "; ".join(part for part in (through, outside) if part)
    return JourneyLine(report, f"No finding. {sentence}.", State.UP, uptime)


def listed(names: Sequence[str]) -> str:
    """A, B and C."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def finding_lines(report: JourneyReport) -> list[FindingLine]:
    """The findings in the report's order, each with the sign and the tone that fit it."""
    window = Window(report.basis.start, report.basis.end)
    return [FindingLine(each, *_sign(each), _around(each, window)) for each in report.findings]


def biggest_drop(reports: Sequence[JourneyReport]) -> Drop | None:
    """Over all steps of all journeys; None when every share is withheld."""
    drops = [
        drop
        for report in reports
        for place in range(1, len(report.funnel.everyone.steps))
        if (drop := _drop(report, place)) is not None
    ]
    return max(drops, key=lambda drop: drop.lost, default=None)


def ongoing(monitor: MonitorUptime) -> Incident | None:
    """The incident that has not ended, if there is one."""
    return next((each for each in reversed(monitor.incidents) if each.end is None), None)


def _sign(finding: Finding) -> tuple[State, str]:
    if finding.kind is FindingKind.UNOBSERVED:
        return State.UNKNOWN, "unknown"
    if finding.end is None:
        return State.DOWN, "bad"
    return (State.DOWN if finding.kind is FindingKind.OUTAGE else State.DEGRADED), "past"


def _around(finding: Finding, window: Window) -> Window | None:
    """The finding with half its length before and after it, whole minutes."""
    end = min(finding.end or window.end, window.end)
    margin = max(CLOSER_LEAST, (end - finding.start) / 2)
    start = (finding.start - margin).replace(second=0, microsecond=0)
    if (end - finding.start) * 2 > window.end - window.start:
        return None
    return Window(start, min(end + margin, window.end).replace(second=0, microsecond=0))


def _drop(report: JourneyReport, place: int) -> Drop | None:
    everyone = report.funnel.everyone
    lost = _lost(everyone.steps[place])
    if lost is None:
        return None
    levels = [
        (level_lost, segment.level)
        for segment in report.funnel.levels
        if segment.level != UNDECLARED
        and (level_lost := _lost(segment.steps[place])) is not None
        and level_lost > lost
    ]
    level_lost, level = max(levels, default=(lost, ""))
    before, after = everyone.steps[place - 1], everyone.steps[place]
    return Drop(report, before.label, after.label, lost, before.reached, level, level_lost)


def _lost(step: FunnelStep) -> float | None:
    return None if step.of_previous.value is None else 1 - step.of_previous.value


def _through(report: JourneyReport) -> str:
    steps = report.funnel.everyone.steps
    if not steps or steps[-1].of_entered.value is None:
        return ""
    last = steps[-1].of_entered
    return f"{percent(last.value)} of sessions get through ({interval(last)})"


def _subject(some: Sequence[MonitorUptime], total: int) -> str:
    if len(some) == 1:
        return f"{some[0].name or some[0].monitor} is"
    if len(some) == total:
        return f"All {total} monitors are"
    return f"{len(some)} of {plural(total, 'monitor')} are"
