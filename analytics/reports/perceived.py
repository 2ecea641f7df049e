"""User-perceived availability: how much of their time a site worked for those who used it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct, structs

from analytics.basis import Estimate, Withheld
from analytics.by_day import by_day
from analytics.combined_time import Combination, Stretch, combined_time, seconds_of, within
from analytics.demand import Demand, demand, lost_s, weighted_uptime
from analytics.levels import EVERYONE, shown
from analytics.lived import NOBODY, LevelTime, Lived, People, added, told
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
    Signs,
    cutoff_us,
    silences,
    stretches,
    worst_windows,
)
from store.snapshot import Snapshot

DEFINITION = "perceived"
LEAD = timedelta(hours=1)
"""Before the window, for the state that people came into it with."""
LIVED_S_MIN = 30 * 60.0
"""Of people's time read, for a window to be called the worst of its length."""
PER_1000_H = 60_000.0
UNKNOWN = "too few weeks are known to say how much was missing while monitors were down"


class _Lived(Struct, frozen=True):
    """What people lived; `rows` are everyone's, then the levels'. `each_is`: how many sessions one
    of those read stands for, beside its weight."""

    time: Lived
    cutoff_us: int
    rows: tuple[PerceivedRow, ...]
    each_is: float


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
    evidence = question.evidence
    asked = {"report": DEFINITION, "form": 1, **_evidence(question)}
    live: list[tuple[People, Signs]] = []

    def read_(reading: Reading, span: Window) -> tuple[People, Signs]:
        """What is not of a closed day is asked for twice, and read once."""
        if reading.of_part:
            return _read(snapshot, question, span, reading)
        if not live:
            live.append(_read(snapshot, question, span, reading))
        return live[0]

    def quiet(reading: Reading, span: Window) -> pa.Table:
        counts = silences(read_(reading, span)[1])
        steps = np.flatnonzero(counts)
        return pa.table({"step": steps, "count": counts[steps]})

    if evidence.cutoff_s is None:
        gone = by_day(snapshot, reading, window, {**asked, "of": "silences"}, quiet)
        counts = np.bincount(gone["step"].to_numpy(), gone["count"].to_numpy())
        cutoff = cutoff_us(counts.astype(np.int64))
    else:
        cutoff = int(evidence.cutoff_s * 1e6)

    def time(reading: Reading, span: Window) -> pa.Table:
        people, signs = read_(reading, span)
        span_us = to_us(span.start), to_us(span.end)
        return told(people, signs, stretches(signs, cutoff, span_us), span_us)

    parts = by_day(snapshot, reading, window, {**asked, "cutoff_us": cutoff}, time)
    lived = added(parts, (to_us(window.start), to_us(window.end)))
    each_is = 1.0 if reading.weighted else 1.0 / reading.rate
    levels = shown(question.scope.levels, set(lived.levels) - {EVERYONE})
    rows = [_row(each, lived.levels.get(each, NOBODY), each_is) for each in (EVERYONE, *levels)]
    return _Lived(lived, cutoff, tuple(rows), each_is)


def _evidence(question: PerceivedQuestion) -> dict[str, Any]:
    """What perceived_marked.sql is told."""
    return {
        "pages": list(question.pages) if question.journey else None,
        "events": list(question.events),
        "errors": question.evidence.errors,
        "error_pages": list(question.evidence.error_pages),
        "key_requests": list(question.evidence.key_requests),
    }


def _read(
    snapshot: Snapshot, question: PerceivedQuestion, window: Window, reading: Reading
) -> tuple[People, Signs]:
    edges = {"from": naive(window.start - LEAD), "end": naive(window.end)}
    people = snapshot.frame(
        with_read(reading.fragment, "perceived_people"), {**reading.parameters, **edges}
    )
    signs = snapshot.columns(
        with_read(reading.fragment, "perceived_signs", query("perceived_marked")),
        {**reading.parameters, **edges, **_evidence(question)},
    )
    return (
        People(
            people["level"].to_numpy(dtype=object),
            people["visitor"].to_numpy(dtype=np.uint64),
            people["weight"].to_numpy(dtype=np.float64),
        ),
        Signs(
            session=np.cumsum(signs["begins"].astype(np.int64)) - 1,
            time_us=signs["time_us"].astype(np.int64),
            mark=signs["mark"].astype(np.int64),
        ),
    )


def _row(level: str, time: LevelTime, each_is: float) -> PerceivedRow:
    share = time.user_uptime
    return PerceivedRow(
        level=level,
        sessions=int(time.share.sessions),
        people=round(time.share.weight * each_is),
        people_met=round(time.met_weight * each_is),
        active_min=time.active_s * each_is / 60,
        down_min=time.down_s * each_is / 60,
        met=time.met,
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
    missing_s = _missing_s(question, lived, usual, down)
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
    lived: _Lived,
    usual: Demand,
    down: Sequence[Window],
) -> float | None:
    """People's time that was missing while probes confirmed down. A journey's demand is its share
    of the site's."""
    minutes, each_is = lived.time.minutes, lived.each_is
    there = lived.time.there * each_is
    if not question.journey:
        return lost_s(usual, 1.0, there, minutes.first, down)
    own = (minutes.up + minutes.down) * each_is
    on_site = float(there.sum())
    share = float(own.sum()) / on_site if on_site else 0.0
    return lost_s(usual, min(1.0, share), own, minutes.first, down)


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
    read_, each_is = lived.time.minutes, lived.each_is
    minutes = structs.replace(read_, up=read_.up * each_is, down=read_.down * each_is)
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
