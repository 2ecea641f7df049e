"""What a journey's figures say is wrong, each in one sentence: outages, people failing while
probes are green, an event that hardly comes, levels left behind, and time that was not observed."""

from collections.abc import Callable, Sequence

from analytics.dips import Dip
from analytics.failing import EVERY_STEP
from analytics.gaps import Gap
from analytics.levels import EVERYONE
from analytics.outside import seconds_in, spans
from analytics.question import Step, Window
from analytics.reports.activity_types import ActivityLow
from analytics.reports.types import Finding, FindingKind, Incident, MonitorUptime, State
from analytics.wording import joined, length, moment, percent, points_fewer, points_more, stretch

OUTAGES_MAX = 10
UNOBSERVED_MAX = 5
OBSERVED_MIN = 0.9
"""Of the probes' time, for them to be called green."""


Cost = Callable[[Window, bool], str]
"""What a stretch cost in conversions, as the end of a sentence, which has named the event already
or not; "" where it cannot be told."""


def outages(monitors: Sequence[MonitorUptime], cost: Cost, window: Window) -> list[Finding]:
    """Stretches with any monitor down, one that lasts and the longest ones, latest first."""
    found = []
    down = sorted(
        spans(monitors, State.DOWN),
        key=lambda span: (span.end < window.end, span.start - span.end),
    )
    for span in down[:OUTAGES_MAX]:
        met = [
            (row.name, incident)
            for row in monitors
            for incident in row.incidents
            if incident.start < span.end and (incident.end is None or incident.end > span.start)
        ]
        lasting = [(name, incident) for name, incident in met if incident.end is None]
        lasts = span.end == window.end and bool(lasting)
        found.append(_outage(span, lasting if lasts else met, cost(span, False), lasts=lasts))
    return sorted(found, key=lambda finding: finding.start, reverse=True)


def _outage(
    span: Window, met: Sequence[tuple[str, Incident]], cost: str, *, lasts: bool
) -> Finding:
    names = list(dict.fromkeys(name for name, _ in met))
    reasons = list(dict.fromkeys(_words(incident.outcome) for _, incident in met))
    if lasts:
        start = min(incident.start for _, incident in met)
        verb, when = "is" if len(names) == 1 else "are", f"since {moment(start)}"
    else:
        start = span.start
        verb = "was" if len(names) == 1 else "were"
        when = f"for {length(span.end - span.start)} {stretch(span)}"
    return Finding(
        sentence=f"{joined(names)} {verb} down {when}: {joined(reasons)}{cost}.",
        start=start,
        end=None if lasts else span.end,
        level=EVERYONE,
        step="",
        kind=FindingKind.OUTAGE,
    )


def failing_people(
    dips: Sequence[tuple[Dip, Window]],
    steps: Sequence[Step],
    monitors: Sequence[MonitorUptime],
    cost: Cost,
    window: Window,
) -> list[Finding]:
    """Dips that lie in the window and that no outage explains, latest first."""
    down = spans(monitors, State.DOWN)
    found = []
    for dip, asked in dips:
        when = Window(asked.start, min(asked.end, window.end))
        if when.end <= window.start or seconds_in(down, when):
            continue
        sentence = (
            f"{_probes(monitors, when)}: {stretch(when)}, {_lived(dip, steps)}{cost(when, False)}."
        )
        found.append(
            Finding(
                sentence=sentence,
                start=when.start,
                end=None if dip.lasts and asked.end >= window.end else when.end,
                level=dip.level,
                step=steps[dip.step - 1].label if dip.step != EVERY_STEP else "",
                kind=FindingKind.PEOPLE,
            )
        )
    return found[::-1]


def rare(
    lows: Sequence[ActivityLow],
    event: str,
    cost: Cost,
    window: Window,
    explained: Sequence[Finding],
) -> list[Finding]:
    """Lows of the event that no other finding explains, latest first."""
    found = []
    for low in lows:
        when = Window(low.start, min(low.end or window.end, window.end))
        if any(
            each.start < when.end and (each.end is None or each.end > when.start)
            for each in explained
        ):
            continue
        lasts = low.end is None
        since = (
            f"is abnormally rare since {moment(low.start)}"
            if lasts
            else (f"was abnormally rare {stretch(when)}")
        )
        found.append(
            Finding(
                sentence=f"{event} {since}{cost(when, True)}.",
                start=low.start,
                end=low.end,
                level=EVERYONE,
                step="",
                kind=FindingKind.ACTIVITY,
            )
        )
    return found


def left_behind(gaps: Sequence[Gap], steps: Sequence[Step], window: Window) -> list[Finding]:
    """Levels that go on from a step less often than the others, all through the window."""
    return [
        Finding(
            sentence=(
                f"{_sessions(gap.level).capitalize()} go on from “{steps[gap.step - 1].label}”"
                f" {points_fewer(gap.difference)} than {joined(gap.others)} ones, all through"
                f" this window."
            ),
            start=window.start,
            end=window.end,
            level=gap.level,
            step=steps[gap.step - 1].label,
            kind=FindingKind.LEVEL,
        )
        for gap in gaps
    ]


def unobserved(monitors: Sequence[MonitorUptime]) -> list[Finding]:
    """Stretches in which a monitor was not observed, the longest kept, latest first."""
    found = []
    together = sorted(spans(monitors, State.UNKNOWN), key=lambda span: span.start - span.end)
    for any_unseen in together[:UNOBSERVED_MAX]:
        unseen = [
            (row.name, each)
            for row in monitors
            for each in row.intervals
            if each.state is State.UNKNOWN and seconds_in([each], any_unseen)
        ]
        names = list(dict.fromkeys(name for name, _ in unseen))
        longest = max((each for _, each in unseen), key=lambda each: each.end - each.start)
        span = Window(longest.start, longest.end)
        who = "No probe" if len(names) == len(monitors) else f"No probe of {joined(names)}"
        found.append(
            Finding(
                sentence=(
                    f"{who} reported for {length(span.end - span.start)} {stretch(span)}: that"
                    f" time was not observed, and counts neither as up nor as down."
                ),
                start=span.start,
                end=span.end,
                level=EVERYONE,
                step="",
                kind=FindingKind.UNOBSERVED,
            )
        )
    return sorted(found, key=lambda finding: finding.start, reverse=True)


def _probes(monitors: Sequence[MonitorUptime], when: Window) -> str:
    """What the probes saw meanwhile; nothing was down."""
    lived_s = (when.end - when.start).total_seconds()
    unseen_s = seconds_in(spans(monitors, State.UNKNOWN), when)
    if not monitors:
        return "People failed"
    if unseen_s > (1 - OBSERVED_MIN) * lived_s:
        return "People failed while probes saw only a part"
    return "Probes were green while people failed"


def _lived(dip: Dip, steps: Sequence[Step]) -> str:
    if dip.step == EVERY_STEP:
        return (
            f"{percent(1 - dip.share)} of {_sessions(dip.level)} met a failure on its pages,"
            f" against {percent(1 - dip.usual)} otherwise, {points_more(dip.difference)}"
        )
    return (
        f"{percent(dip.share)} of {_sessions(dip.level)} went on from"
        f" “{steps[dip.step - 1].label}”, against {percent(dip.usual)} otherwise,"
        f" {points_fewer(dip.difference)}"
    )


def _sessions(level: str) -> str:
    return f"{level} sessions" if level != EVERYONE else "all sessions"


def _words(outcome: str) -> str:
    return outcome.replace("_", " ") or "failing"


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """What lasts first; then people failing, outages, lows, levels, and time not observed."""
    rank = {
        FindingKind.PEOPLE: 0,
        FindingKind.OUTAGE: 1,
        FindingKind.ACTIVITY: 2,
        FindingKind.LEVEL: 3,
        FindingKind.UNOBSERVED: 4,
    }
    return tuple(sorted(findings, key=lambda each: (each.end is not None, rank[each.kind])))
