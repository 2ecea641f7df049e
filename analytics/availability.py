"""Figures of a timeline: uptime with its bounds, observed share, and seconds by day."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct

from analytics.question import Window
from analytics.reports.types import DayShare, Incident, Interval, State

UP_STATES = (State.UP, State.DEGRADED)


class Availability(Struct, frozen=True, kw_only=True):
    """`uptime` is up / (up + down); None, with its bounds, where nothing was observed.
    `observed_share` is (up + down) / (up + down + unknown); 0 where nothing should have been."""

    uptime: float | None
    low: float | None
    high: float | None
    observed_share: float


def seconds_by_state(intervals: Sequence[Interval]) -> dict[State, float]:
    """Seconds in each state that occurs."""
    seconds: dict[State, float] = {}
    for each in intervals:
        length_s = (each.end - each.start).total_seconds()
        seconds[each.state] = seconds.get(each.state, 0.0) + length_s
    return seconds


def availability(
    intervals: Sequence[Interval], incidents: Sequence[Incident], window: Window
) -> Availability:
    """Uptime, with unknown time taken as all down and all up for its bounds, to which each
    outage's start (it may have begun up to one interval earlier) and end add theirs."""
    seconds = seconds_by_state(intervals)
    up_s = sum(seconds.get(state, 0.0) for state in UP_STATES)
    down_s, unknown_s = seconds.get(State.DOWN, 0.0), seconds.get(State.UNKNOWN, 0.0)
    observed_s, duty_s = up_s + down_s, up_s + down_s + unknown_s
    if observed_s == 0:
        return Availability(uptime=None, low=None, high=None, observed_share=0.0)
    earlier_s, later_s = _edges(intervals, incidents, window)
    return Availability(
        uptime=up_s / observed_s,
        low=max(0.0, up_s - earlier_s) / duty_s,
        high=min(duty_s, up_s + unknown_s + min(later_s, down_s)) / duty_s,
        observed_share=observed_s / duty_s,
    )


def _edges(
    intervals: Sequence[Interval], incidents: Sequence[Incident], window: Window
) -> tuple[float, float]:
    """Seconds by which outages may have begun earlier, and may have ended earlier. An outage that
    resumes out of unknown time adds nothing at its start: the bounds hold that time already."""
    earlier_s = later_s = 0.0
    before: Interval | None = None
    for each in intervals:
        if each.state is State.DOWN:
            edge_s = next((i.edge_s for i in incidents if _covers(i, each)), 0.0)
            if before and before.state in UP_STATES and each.start > window.start:
                earlier_s += edge_s
            if each.end < window.end and each is not intervals[-1]:
                later_s += edge_s
        before = each
    return earlier_s, later_s


def _covers(incident: Incident, interval: Interval) -> bool:
    return incident.start <= interval.start and (
        incident.end is None or incident.end >= interval.end
    )


def days(intervals: Sequence[Interval], window: Window) -> tuple[DayShare, ...]:
    """Every UTC day the window touches, with the seconds of each state; empty before duty."""
    pieces: dict[date, list[Interval]] = {}
    for each in intervals:
        start = each.start
        while start < each.end:
            end = min(each.end, _midnight(start.date() + timedelta(days=1)))
            pieces.setdefault(start.date(), []).append(Interval(start, end, each.state))
            start = end
    shares = []
    day = window.start.date()
    while _midnight(day) < window.end:
        figures = availability(pieces.get(day, ()), (), window)
        shares.append(
            DayShare(
                day=day,
                seconds=seconds_by_state(pieces.get(day, ())),
                uptime=figures.uptime,
                observed_share=figures.observed_share,
            )
        )
        day += timedelta(days=1)
    return tuple(shares)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
