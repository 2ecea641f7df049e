"""Uptime of monitors over a window: the timeline of numbers.md, with observed time and bounds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, structs

from analytics.availability import UP_STATES, availability, days, seconds_by_state
from analytics.basis import Basis
from analytics.maintenance import Maintenance
from analytics.observed import Run, Version
from analytics.question import Window
from analytics.reports.types import MonitorUptime, OwnNetwork, State, UptimeReport
from analytics.sql import query
from analytics.timeline import Timeline, cut
from analytics.times import naive
from analytics.verdict import Observed, needed, ties_of, verdict
from probes.outcome import Verdict
from store.snapshot import Snapshot

DEFINITION = "uptime"
MARGINS = (timedelta(days=1), timedelta(days=30), timedelta(days=400))
"""How far around the window results are read; further only if an outage reaches over its edge."""


class _Read(Struct, frozen=True):
    timelines: dict[str, Timeline]
    own_network: tuple[OwnNetwork, ...]
    names: dict[str, str]
    generated: bool
    until: datetime


def uptime(
    snapshot: Snapshot,
    monitors: Sequence[str] | None,
    window: Window,
    now: datetime,
    maintenance: Sequence[Maintenance] = (),
) -> UptimeReport:
    """Uptime of `monitors`, in their order; None: of all that were on duty in the window, by name.

    Time after `now` is not counted: it was not lived yet. `maintenance` is left out of uptime.
    """
    for margin in MARGINS:
        read = _read(snapshot, monitors, window, now, margin, maintenance)
        if _settled(read, window, now):
            break
    wanted = (
        monitors if monitors is not None else sorted(read.timelines, key=read.names.__getitem__)
    )
    rows = [
        _monitor(monitor, read.names.get(monitor, monitor), read.timelines.get(monitor), window)
        for monitor in wanted
    ]
    if monitors is None:
        rows = [row for row in rows if row.intervals]
    observed_s = sum(row.seconds.get(s, 0.0) for row in rows for s in (*UP_STATES, State.DOWN))
    duty_s = observed_s + sum(row.seconds.get(State.UNKNOWN, 0.0) for row in rows)
    return UptimeReport(
        basis=Basis(
            definition=DEFINITION,
            start=window.start,
            end=min(window.end, now),
            observed_share=observed_s / duty_s if duty_s else None,
            generated=read.generated,
        ),
        monitors=tuple(rows),
        own_network=tuple(
            structs.replace(each, monitors=tuple(m for m in each.monitors if m in wanted))
            for each in read.own_network
            if each.start < window.end and (each.end is None or each.end > window.start)
        ),
    )


def _read(
    snapshot: Snapshot,
    monitors: Sequence[str] | None,
    window: Window,
    now: datetime,
    margin: timedelta,
    maintenance: Sequence[Maintenance],
) -> _Read:
    since, until = window.start - margin, min(now, window.end + margin)
    ties = {
        monitor: ties_of(definition)
        for monitor, definition in snapshot.rows(query("monitor_ties"), {"until": naive(until)})
    }
    asked = None if monitors is None else needed(monitors, ties)
    runs: dict[str, dict[str, list[Run]]] = {}
    versions: dict[str, dict[str, list[Version]]] = {}
    names: dict[str, str] = {}
    generated = False
    for row in snapshot.rows(query("monitor_versions"), {"monitors": asked, "until": naive(until)}):
        versions.setdefault(row[0], {}).setdefault(row[1], []).append(_version(row))
        names[row[0]] = row[3] or row[0]
    for row in snapshot.rows(
        query("uptime_runs"), {"monitors": asked, "since": naive(since), "until": naive(until)}
    ):
        runs.setdefault(row[0], {}).setdefault(row[1], []).append(_run(row))
        names.setdefault(row[0], row[0])
        generated = generated or row[9]
    found = verdict(
        Observed(runs=runs, versions=versions, ties=ties),
        names if monitors is None else monitors,
        until,
        since=since,
        maintenance=maintenance,
    )
    timelines = found.timelines
    if monitors is not None:
        timelines = {each: timelines[each] for each in monitors if each in timelines}
    return _Read(timelines, found.own_network, names, generated, until)


def _version(row: tuple[Any, ...]) -> Version:
    return Version(
        from_us=row[2],
        interval_us=row[4] * 1000,
        timeout_us=row[5] * 1000,
        confirm_after=row[6],
        recover_after=row[7],
        paused=row[8],
        removed=row[9],
        quorum=row[11],
    )


def _run(row: tuple[Any, ...]) -> Run:
    return Run(
        verdict=Verdict(row[2]),
        first_us=row[3],
        last_us=row[4],
        count=row[5],
        interval_us=row[6] * 1000,
        timeout_us=row[7] * 1000,
        outcome=row[8],
        detail=row[10],
    )


def _settled(read: _Read, window: Window, now: datetime) -> bool:
    """Whether no outage of the window reaches over the edge of what was read."""
    for whole in read.timelines.values():
        incidents = cut(whole, window).incidents
        if whole.opens_in_outage and incidents and incidents[0] == whole.incidents[0]:
            return False
        if read.until < now and any(incident.end is None for incident in incidents):
            return False
    return True


def _monitor(monitor: str, name: str, whole: Timeline | None, window: Window) -> MonitorUptime:
    whole = whole or Timeline(intervals=(), incidents=(), blips=())
    part = cut(whole, window)
    figures = availability(part.intervals, part.incidents, window)
    last = next((each for each in reversed(whole.intervals) if each.start < window.end), None)
    return MonitorUptime(
        monitor=monitor,
        name=name,
        state=last.state if last and part.intervals else State.UNKNOWN,
        state_since=last.start if last and part.intervals else None,
        uptime=figures.uptime,
        low=figures.low,
        high=figures.high,
        observed_share=figures.observed_share,
        seconds=seconds_by_state(part.intervals),
        intervals=part.intervals,
        incidents=part.incidents,
        blips=part.blips,
        days=days(part.intervals, window),
    )
