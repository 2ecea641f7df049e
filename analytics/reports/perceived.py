"""User-perceived availability: how much of their time a site worked for those who used it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from analytics.basis import Estimate, Withheld
from analytics.combined_time import Combination, Stretch, combined_time, seconds_of, within
from analytics.demand import Demand, demand, lost_s, weighted_uptime
from analytics.estimates import clustered_share
from analytics.levels import EVERYONE, shown
from analytics.maintenance import Maintenance
from analytics.outside import spans
from analytics.question import Window
from analytics.reports.perceived_types import (
    PerceivedQuestion,
    PerceivedReport,
    PerceivedRow,
    WorstWindow,
)
from analytics.reports.types import Incident, MonitorUptime, State, UptimeReport
from analytics.reports.uptime import uptime
from analytics.sampling import Days, Reading, basis, read
from analytics.sql import query, with_read
from analytics.times import from_us, naive, to_us
from analytics.user_time import (
    MINUTE_US,
    Floats,
    Signs,
    Stretches,
    by_minute,
    cutoff_us,
    present,
    stretches,
    worst_windows,
)
from store.snapshot import Snapshot

DEFINITION = "perceived"
LEAD = timedelta(hours=1)
"""Before the window, for the state that people came into it with."""
ACTIVE_GAP_US = 900_000_000
"""As in the store's active_hours."""
LIVED_S_MIN = 30 * 60.0
"""Of people's time read, for a window to be called the worst of its length."""
PER_1000_H = 60_000.0
UNKNOWN = "too few weeks are known to say how much was missing while monitors were down"


class _People(Struct, frozen=True):
    """Of each session, by its number."""

    level: NDArray[np.object_]
    visitor: NDArray[np.uint64]
    weight: NDArray[np.float64]


class _Lived(Struct, frozen=True):
    people: _People
    signs: Signs
    cutoff_us: int
    found: Stretches
    rows: tuple[PerceivedRow, ...]
    """Everyone's, then the levels'."""
    each_is: float
    """How many sessions one of those read stands for, beside its weight."""


def perceived(
    snapshot: Snapshot,
    question: PerceivedQuestion,
    window: Window,
    now: datetime,
    maintenance: Sequence[Maintenance] = (),
    sample: float | None = None,
) -> PerceivedReport:
    """Of the part of `window` already lived. Raises ValueError for a rate outside 0..1."""
    window = Window(window.start, max(window.start, min(window.end, now)))
    days = Days((window.start - LEAD).date(), window.last_day)

    def at(reading: Reading) -> _Lived:
        return _lived(snapshot, question, window, reading)

    lived, reading = read(snapshot, question.scope, days, sample, at, _unsure)
    probes = uptime(snapshot, list(question.monitors), window, now, maintenance)
    clock = within(
        combined_time({row.monitor: row.intervals for row in probes.monitors}, Combination.ANY, {}),
        window,
    )
    return _report(snapshot, question, window, now, lived, reading, probes, clock)


def _unsure(lived: _Lived) -> bool:
    return any(
        row.user_uptime.withheld not in (None, Withheld.NO_DATA)
        for row in lived.rows
        if row.sessions
    )


def _lived(
    snapshot: Snapshot, question: PerceivedQuestion, window: Window, reading: Reading
) -> _Lived:
    people, signs = _read(snapshot, question, window, reading)
    span = (to_us(window.start), to_us(window.end))
    cutoff_s = question.evidence.cutoff_s
    cutoff = cutoff_us(signs) if cutoff_s is None else int(cutoff_s * 1e6)
    found = stretches(signs, cutoff, span)
    each_is = 1.0 if reading.weighted else 1.0 / reading.rate
    rows = tuple(_rows(people, found, each_is, question.scope.levels))
    return _Lived(people, signs, cutoff, found, rows, each_is)


def _read(
    snapshot: Snapshot, question: PerceivedQuestion, window: Window, reading: Reading
) -> tuple[_People, Signs]:
    edges = {"from": naive(window.start - LEAD), "end": naive(window.end)}
    people = snapshot.frame(
        with_read(reading.fragment, "perceived_people"), {**reading.parameters, **edges}
    )
    signs = snapshot.frame(
        with_read(reading.fragment, "perceived_signs", query("perceived_marked")),
        {
            **reading.parameters,
            **edges,
            "pages": list(question.pages) if question.journey else None,
            "events": list(question.events),
            "errors": question.evidence.errors,
            "error_pages": list(question.evidence.error_pages),
            "key_requests": list(question.evidence.key_requests),
        },
    )
    return (
        _People(
            people["level"].to_numpy(dtype=object),
            people["visitor"].to_numpy(dtype=np.uint64),
            people["weight"].to_numpy(dtype=np.float64),
        ),
        Signs(
            session=np.cumsum(signs["begins"].to_numpy(dtype=np.int64)) - 1,
            time_us=signs["time_us"].to_numpy(dtype=np.int64),
            mark=signs["mark"].to_numpy(dtype=np.int64),
        ),
    )


def _rows(
    people: _People, found: Stretches, each_is: float, declared: Sequence[str]
) -> Iterator[PerceivedRow]:
    count = len(people.weight)
    seconds = found.seconds
    up_s = _by_session(found, np.where(found.up, seconds, 0.0), count)
    active_s = _by_session(found, seconds, count)
    there = active_s > 0
    for level in (EVERYONE, *shown(declared, people.level[there])):
        members = there if level == EVERYONE else there & np.asarray(people.level == level)
        yield _row(level, up_s[members], active_s[members], people, members, each_is)


def _by_session(found: Stretches, seconds: Floats, count: int) -> Floats:
    return np.bincount(found.session, seconds, count).astype(np.float64)


def _row(
    level: str,
    up_s: NDArray[np.float64],
    active_s: NDArray[np.float64],
    people: _People,
    members: NDArray[np.bool_],
    each_is: float,
) -> PerceivedRow:
    weight = people.weight[members]
    visitors = len(np.unique(people.visitor[members]))
    share = clustered_share(up_s, active_s, weight, visitors)
    down_s = active_s - up_s
    return PerceivedRow(
        level=level,
        sessions=int(members.sum()),
        people=round(float(weight.sum()) * each_is),
        people_met=round(float(weight[down_s > 0].sum()) * each_is),
        active_min=float((weight * active_s).sum()) * each_is / 60,
        down_min=float((weight * down_s).sum()) * each_is / 60,
        met=int((down_s > 0).sum()),
        user_uptime=share,
        lost_per_1000_h=_lost(share),
    )


def _lost(uptime: Estimate) -> Estimate:
    if uptime.value is None or uptime.low is None or uptime.high is None:
        return uptime
    return structs.replace(
        uptime,
        value=(1 - uptime.value) * PER_1000_H,
        low=(1 - uptime.high) * PER_1000_H,
        high=(1 - uptime.low) * PER_1000_H,
    )


def _report(
    snapshot: Snapshot,
    question: PerceivedQuestion,
    window: Window,
    now: datetime,
    lived: _Lived,
    reading: Reading,
    probes: UptimeReport,
    clock: Sequence[Stretch],
) -> PerceivedReport:
    everyone, *levels = lived.rows
    down = spans(probes.monitors, State.DOWN)
    usual = demand(snapshot, question.scope, window, down, now)
    missing_s = _missing_s(question, window, lived, usual, down)
    whole = seconds_of(clock)
    observed_s = whole.up_s + whole.down_s
    main = basis(snapshot, reading, DEFINITION, window, "" if missing_s is not None else UNKNOWN)
    return PerceivedReport(
        basis=structs.replace(
            main,
            observed_share=probes.basis.observed_share,
            generated=main.generated or probes.basis.generated,
        ),
        site=question.scope.site,
        journey=question.journey,
        name=question.name,
        cutoff_s=lived.cutoff_us / 1e6,
        everyone=everyone,
        levels=tuple(levels),
        worst=tuple(_worst(lived, window, probes.monitors)),
        probed_down_min=whole.down_s / 60,
        lost_min=None if missing_s is None else missing_s / 60,
        perceived=_with_missing(everyone, missing_s),
        uptime=whole.up_s / observed_s if observed_s else None,
        demand_uptime=weighted_uptime(usual, clock),
    )


def _missing_s(
    question: PerceivedQuestion,
    window: Window,
    lived: _Lived,
    usual: Demand,
    down: Sequence[Window],
) -> float | None:
    """People's time that was missing while probes confirmed down. A journey's demand is its share
    of the site's."""
    span = (to_us(window.start), to_us(window.end))
    weight = lived.people.weight * lived.each_is
    there = by_minute(present(lived.signs, ACTIVE_GAP_US, span), weight, span)
    if not question.journey:
        return lost_s(usual, 1.0, there.up, there.first, down)
    own = by_minute(lived.found, weight, span)
    on_site = float(there.up.sum())
    share = float((own.up + own.down).sum()) / on_site if on_site else 0.0
    return lost_s(usual, min(1.0, share), own.up + own.down, own.first, down)


def _with_missing(everyone: PerceivedRow, missing_s: float | None) -> Estimate | None:
    share = everyone.user_uptime
    if missing_s is None or share.value is None or share.low is None or share.high is None:
        return None
    part = everyone.active_min / (everyone.active_min + missing_s / 60)
    return structs.replace(
        share, value=share.value * part, low=share.low * part, high=share.high * part
    )


def _worst(
    lived: _Lived,
    window: Window,
    monitors: Sequence[MonitorUptime],
) -> Iterator[WorstWindow]:
    span = (to_us(window.start), to_us(window.end))
    minutes = by_minute(lived.found, lived.people.weight * lived.each_is, span)
    for each in worst_windows(minutes, LIVED_S_MIN):
        start = from_us((minutes.first + each.first) * MINUTE_US)
        end = start + timedelta(minutes=each.minutes)
        incident = _met(monitors, Window(start, end))
        yield WorstWindow(
            minutes=each.minutes,
            start=max(start, window.start),
            end=min(end, window.end),
            user_uptime=each.uptime,
            active_min=each.active_s / 60,
            incident=incident.id if incident else "",
            monitor=incident.monitor if incident else "",
        )


def _met(monitors: Sequence[MonitorUptime], window: Window) -> Incident | None:
    """The incident that shares most of the window."""
    shared = [
        (min(each.end or window.end, window.end) - max(each.start, window.start), each.id, each)
        for row in monitors
        for each in row.incidents
        if each.start < window.end and (each.end is None or each.end > window.start)
    ]
    return max(shared, key=lambda found: found[:2])[2] if shared else None
