"""A funnel of pages, events and clicks, by level or what else tells sessions apart: numbers.md.

A session (or user) counts once. It is still in window while less than the window has passed since
it last came to the first step; it is then in `reached`, and in no share.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

import numpy as np
from msgspec import Struct, structs

from analytics.basis import Basis, Withheld
from analytics.breakdown import LEVEL, SITE
from analytics.coded import Coded
from analytics.funnel_depths import Depths
from analytics.funnel_segments import (
    OTHER,
    Groups,
    differences,
    groups_of,
    level_groups,
    readings,
)
from analytics.funnel_sessions import FunnelSessions, days_of, joined, read_sessions
from analytics.funnel_times import Conversions, before, days_of_entry, halves_of, took_bins
from analytics.levels import shown
from analytics.question import PLAIN, Order, Rules, SiteScope, Step, Unit, Window
from analytics.reports.funnel_types import (
    FunnelBefore,
    FunnelDifference,
    FunnelReport,
    FunnelSegment,
    FunnelStep,
)
from analytics.sampling import Days, Reading, UnitError, basis, read
from store.snapshot import Snapshot

DEFINITION = "funnel"


class _Asked(Struct, frozen=True, kw_only=True):
    snapshot: Snapshot
    scope: SiteScope
    steps: Sequence[Step]
    within: timedelta
    now: datetime
    rules: Rules
    by: tuple[str, ...]
    sample: float | None
    beside: Sequence[SiteScope]

    def at(self, window: Window, reading: Reading) -> FunnelSessions:
        dimensions = [each for each in self.by if each != SITE]
        asked = (self.steps, window, self.within, self.now, self.rules, dimensions)
        found = read_sessions(self.snapshot, reading, *asked)
        return _of_site(found, reading) if SITE in self.by else found

    def others(self, window: Window) -> "list[tuple[FunnelSessions, Reading]]":
        """The sessions of the sites beside, each read at its own rate."""
        return [
            read(
                self.snapshot,
                scope,
                self.days(window),
                self.sample,
                partial(self.at, window),
                lambda _: False,
                self.rules.unit,
            )
            for scope in self.beside
            if SITE in self.by and scope.site != self.scope.site
        ]

    def days(self, window: Window) -> Days:
        return days_of(window, self.within, self.now)


class _Answer(Struct, frozen=True):
    """What one reading says."""

    sessions: FunnelSessions
    everyone: FunnelSegment
    levels: list[FunnelSegment]
    segments: list[FunnelSegment]
    differences: list[FunnelDifference]

    @property
    def sure(self) -> list[FunnelSegment]:
        """The segments whose figures should not be withheld where more is kept."""
        named = [each for each in self.segments if OTHER not in each.parts]
        return [self.everyone, *self.levels, *named]


def funnel(
    snapshot: Snapshot,
    scope: SiteScope,
    steps: Sequence[Step],
    window: Window,
    *,
    convert_within_s: float,
    now: datetime,
    sample: float | None = None,
    rules: Rules = PLAIN,
    by: Sequence[str] = (),
    beside: Sequence[SiteScope] = (),
    compare_from: datetime | None = None,
) -> FunnelReport:
    """The funnel of sessions that came to the first step within `window`.

    Their conversions count up to `convert_within_s` after the entry, also beyond the window's end.
    `by`: dimensions (analytics.breakdown) in place of the level; by site, those `beside` are read
    too, and everyone is whoever came to any of them. `compare_from`: compare with the
    period before, as far as detail is kept, which is from then on. Raises ValueError for steps,
    dimensions or a sample that make no sense, UnitError for users where sessions are sampled.
    """
    if not steps:
        raise ValueError("a funnel has at least one step")
    asked = _Asked(
        snapshot=snapshot,
        scope=scope,
        steps=steps,
        within=timedelta(seconds=convert_within_s),
        now=now,
        rules=rules,
        by=() if tuple(by) == (LEVEL,) else tuple(by),
        sample=sample,
        beside=beside,
    )
    others = asked.others(window)
    found, reading = read(
        snapshot,
        scope,
        asked.days(window),
        sample,
        lambda reading: _answer(asked, _all(asked.at(window, reading), others), reading),
        lambda answer: withheld(answer.sure),
        rules.unit,
    )
    sessions = found.sessions
    levels = shown(scope.levels, sessions.level.found)
    return FunnelReport(
        basis=_basis(snapshot, window, [reading, *(at for _, at in others)]),
        window_s=convert_within_s,
        everyone=found.everyone,
        levels=tuple(found.levels),
        order=rules.order,
        unit=rules.unit,
        exclude=tuple(step.label for step in rules.exclude),
        by=asked.by,
        segments=tuple(found.segments),
        differences=tuple(found.differences),
        readings=readings(found.differences),
        took=took_bins(sessions),
        days=days_of_entry(sessions, len(steps), window, levels),
        before=_before(asked, sessions, window, reading, compare_from) if compare_from else None,
    )


def segments(
    sessions: FunnelSessions, steps: Sequence[Step], levels: Sequence[str]
) -> list[FunnelSegment]:
    """Everyone's funnel, then each level's."""
    groups = level_groups(sessions, levels)
    told = _Told(sessions, groups, steps, Order.ORDERED)
    return [told.everyone(), *told.levels()]


def withheld(found: Sequence[FunnelSegment]) -> bool:
    """Whether some figure is withheld that more sessions might show."""
    return any(
        estimate.withheld not in (None, Withheld.NO_DATA)
        for segment in found
        for step in segment.steps
        for estimate in (step.of_entered, step.of_previous)
    ) or not any(segment.entered for segment in found)


def _answer(asked: _Asked, sessions: FunnelSessions, reading: Reading) -> _Answer:
    steps, rules = asked.steps, asked.rules
    by_level = _Told(sessions, level_groups(sessions, asked.scope.levels), steps, rules.order)
    groups = groups_of(sessions, asked.by, asked.scope.levels)
    by_part = _Told(sessions, groups, steps, rules.order) if groups.parts else None
    compared = by_part or by_level
    stands_for = 1.0 if reading.weighted or SITE in asked.by else 1 / reading.rate
    return _Answer(
        sessions,
        by_level.everyone(),
        by_level.levels(),
        by_part.segments() if by_part else [],
        differences(compared.tally, compared.groups, steps, rules.order, rules.unit, stands_for),
    )


def _before(
    asked: _Asked,
    sessions: FunnelSessions,
    window: Window,
    reading: Reading,
    kept_from: datetime,
) -> FunnelBefore | None:
    """The period before is read at the rate that the window was; None where it cannot answer.

    A user first seen before the cut may come again after it, and belongs to both.
    """
    halves = halves_of(window, kept_from)
    if halves is None:
        return None

    def lived(part: Window) -> FunnelSessions:
        found, _ = read(
            asked.snapshot,
            asked.scope,
            asked.days(part),
            reading.rate,
            lambda at: asked.at(part, at),
            lambda _: False,
            asked.rules.unit,
        )
        return _all(found, asked.others(part))

    unit = asked.rules.unit
    try:
        earlier = lived(Window(halves.start, halves.cut))
        if unit is Unit.USER and halves.bounded:
            sessions = lived(Window(halves.cut, window.end))
    except UnitError:
        return None
    return before(sessions, earlier, len(asked.steps), halves, unit)


def _of_site(sessions: FunnelSessions, reading: Reading) -> FunnelSessions:
    """Those of one site, each of which stands for as many as its rate says."""
    sites = Coded(np.zeros(len(sessions.depth), dtype=np.intp), (reading.site,))
    weight = sessions.weight if reading.weighted else sessions.weight / reading.rate
    return structs.replace(sessions, parts={**sessions.parts, SITE: sites}, weight=weight)


def _all(own: FunnelSessions, others: Iterable[tuple[FunnelSessions, Reading]]) -> FunnelSessions:
    for sessions, _ in others:
        own = joined(own, sessions)
    return own


def _basis(snapshot: Snapshot, window: Window, readings: Sequence[Reading]) -> Basis:
    """The basis of the first reading, with the sessions of all."""
    found = [basis(snapshot, reading, DEFINITION, window) for reading in readings]
    if len(found) == 1:
        return found[0]
    rates = ", ".join(f"{reading.site} at {reading.rate:.3g}" for reading in readings)
    notes = dict.fromkeys(
        [f"sites are read each at its own rate: {rates}", *(each.note for each in found)]
    )
    return structs.replace(
        found[0],
        sessions=sum(each.sessions or 0 for each in found),
        generated=any(each.generated for each in found),
        note="; ".join(filter(None, notes)),
    )


class _Told:
    """The funnels of groups of sessions."""

    def __init__(
        self, sessions: FunnelSessions, groups: Groups, steps: Sequence[Step], order: Order
    ) -> None:
        self.groups = groups
        self.tally = groups.tally(sessions, len(steps))
        self._steps = steps
        self._order = order
        converted = np.flatnonzero(sessions.depth == len(steps))
        self._conversions = Conversions(
            sessions.took_s[converted], sessions.weight[converted], groups.of[converted]
        )

    def everyone(self) -> FunnelSegment:
        return self._segment(range(len(self.groups.parts)))

    def levels(self) -> list[FunnelSegment]:
        return [
            self._segment([place], level=parts[0]) for place, parts in enumerate(self.groups.parts)
        ]

    def segments(self) -> list[FunnelSegment]:
        return [
            self._segment([place], parts=parts) for place, parts in enumerate(self.groups.parts)
        ]

    def _segment(
        self, groups: Sequence[int], level: str = "", parts: tuple[str, ...] = ()
    ) -> FunnelSegment:
        steps, order = self._steps, self._order
        lived = self.tally.depths(groups)
        p50_s, p75_s = self._conversions.quantiles(groups, (0.50, 0.75))
        return FunnelSegment(
            level=level,
            parts=parts,
            entered=self.tally.entered(groups),
            steps=tuple(
                _step(lived, n, _label(steps, n, order), last=n == len(steps))
                for n in range(1, len(steps) + 1)
            ),
            convert_p50_s=p50_s,
            convert_p75_s=p75_s,
        )


def _label(steps: Sequence[Step], number: int, order: Order) -> str:
    if order is not Order.ANY:
        return steps[number - 1].label
    if number == len(steps):
        return f"all {number} of the steps" if number > 1 else steps[0].label
    return f"any {number} of the steps"


def _step(lived: Depths, number: int, label: str, *, last: bool) -> FunnelStep:
    return FunnelStep(
        number=number,
        label=label,
        reached=lived.reached(number),
        of_entered=lived.share(number, 1),
        of_previous=lived.share(number, max(number - 1, 1)),
        dropped=0 if last else int(lived.ended[number]),
        still_in_window=0 if last else int(lived.in_window[number]),
    )
