"""An ordered funnel of pages and events, by level: numbers.md, "Funnel".

A session counts once. It is still in window while less than the window has passed since it last
came to the first step; it is then in `reached`, and in no share.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from analytics.basis import Withheld
from analytics.estimates import quantile
from analytics.funnel_sessions import FunnelSessions, Mask, days_of, read_sessions
from analytics.levels import EVERYONE, shown
from analytics.question import SiteScope, Step, Window
from analytics.reports.types import FunnelReport, FunnelSegment, FunnelStep
from analytics.sampling import Reading, basis, read
from store.snapshot import Snapshot

DEFINITION = "funnel"


def funnel(
    snapshot: Snapshot,
    scope: SiteScope,
    steps: Sequence[Step],
    window: Window,
    *,
    convert_within_s: float,
    now: datetime,
    sample: float | None = None,
) -> FunnelReport:
    """The funnel of sessions that came to the first step within `window`.

    Their conversions count up to `convert_within_s` after the entry, also beyond the window's end.
    Raises ValueError for steps or a sample that make no sense.
    """
    if not steps:
        raise ValueError("a funnel has at least one step")
    within = timedelta(seconds=convert_within_s)

    def at(reading: Reading) -> list[FunnelSegment]:
        sessions = read_sessions(snapshot, reading, steps, window, within, now)
        return segments(sessions, steps, scope.levels)

    days = days_of(window, within, now)
    (everyone, *levels), reading = read(snapshot, scope, days, sample, at, withheld)
    return FunnelReport(
        basis=basis(snapshot, reading, DEFINITION, window),
        window_s=convert_within_s,
        everyone=everyone,
        levels=tuple(levels),
    )


def segments(
    sessions: FunnelSessions, steps: Sequence[Step], levels: Sequence[str]
) -> list[FunnelSegment]:
    """Everyone's funnel, then each level's."""
    everyone = np.ones(len(sessions.depth), dtype=np.bool_)
    return [_segment(sessions, steps, EVERYONE, everyone)] + [
        _segment(sessions, steps, level, np.asarray(sessions.level == level))
        for level in shown(levels, sessions.level)
    ]


def withheld(found: Sequence[FunnelSegment]) -> bool:
    """Whether some figure is withheld that more sessions might show."""
    return any(
        estimate.withheld not in (None, Withheld.NO_DATA)
        for segment in found
        for step in segment.steps
        for estimate in (step.of_entered, step.of_previous)
    ) or not any(segment.entered for segment in found)


def _segment(
    sessions: FunnelSessions, steps: Sequence[Step], level: str, members: Mask
) -> FunnelSegment:
    converted = members & (sessions.depth == len(steps))
    took = sessions.took_s[converted]
    weight = sessions.weight[converted]
    each = np.arange(len(took))
    return FunnelSegment(
        level=level,
        entered=int(members.sum()),
        steps=tuple(
            _step(sessions, members, number, step.label, last=number == len(steps))
            for number, step in enumerate(steps, 1)
        ),
        convert_p50_s=quantile(took, each, weight, 0.50).value,
        convert_p75_s=quantile(took, each, weight, 0.75).value,
    )


def _step(
    sessions: FunnelSessions, members: Mask, number: int, label: str, *, last: bool
) -> FunnelStep:
    settled = members & sessions.settled
    came = sessions.depth >= number
    ended_here = members & (sessions.depth == number) & (not last)
    return FunnelStep(
        number=number,
        label=label,
        reached=int((members & came).sum()),
        of_entered=sessions.share(came, settled),
        of_previous=sessions.share(came, settled & (sessions.depth >= max(number - 1, 1))),
        dropped=int((ended_here & sessions.settled).sum()),
        still_in_window=int((ended_here & ~sessions.settled).sum()),
    )
