"""Several locations' timelines of one monitor, made one by quorum.

Down while at least a quorum of the locations that report say so, degraded while fewer do or one
is degraded, unknown while none reports, paused while all are. Thin so far: the quorum is a
majority of those that report at the time, not a setting, and each stretch down is an incident of
its own.
"""

from collections.abc import Mapping, Sequence

from msgspec import structs

from analytics.reports.types import Incident, Interval, State
from analytics.timeline import Piece, Timeline, coalesce
from analytics.times import from_us, to_us


def combined(timelines: Mapping[str, Timeline]) -> Timeline:
    """One timeline of the locations' ones; of a single location, that one as it is."""
    if len(timelines) == 1:
        return next(iter(timelines.values()))
    pieces = coalesce(_sweep([each.intervals for each in timelines.values()]))
    intervals = tuple(Interval(from_us(a), from_us(b), state) for a, b, state in pieces)
    found = sorted(
        (incident for each in timelines.values() for incident in each.incidents),
        key=lambda incident: incident.start,
    )
    return Timeline(
        intervals=intervals,
        incidents=tuple(
            _incident(each, found, last=each is intervals[-1])
            for each in intervals
            if each.state is State.DOWN
        ),
        blips=tuple(
            sorted(
                (blip for each in timelines.values() for blip in each.blips),
                key=lambda blip: blip.start,
            )
        ),
        opens_in_outage=any(each.opens_in_outage for each in timelines.values()),
    )


def _sweep(by_location: Sequence[Sequence[Interval]]) -> list[Piece]:
    edges: list[tuple[int, int, State, int]] = []
    for intervals in by_location:
        for each in intervals:
            edges.append((to_us(each.start), 1, each.state, +1))
            edges.append((to_us(each.end), 0, each.state, -1))
    pieces: list[Piece] = []
    holding = dict.fromkeys(State, 0)
    before_us: int | None = None
    for moment_us, _, state, change in sorted(edges):
        if before_us is not None and moment_us > before_us and any(holding.values()):
            pieces.append((before_us, moment_us, _state(holding)))
        holding[state] += change
        before_us = moment_us
    return pieces


def _state(holding: Mapping[State, int]) -> State:
    reporting = holding[State.UP] + holding[State.DEGRADED] + holding[State.DOWN]
    if holding[State.PAUSED] and not reporting and not holding[State.UNKNOWN]:
        return State.PAUSED
    if not reporting:
        return State.UNKNOWN
    if holding[State.DOWN] >= reporting // 2 + 1:
        return State.DOWN
    return State.DEGRADED if holding[State.DOWN] + holding[State.DEGRADED] else State.UP


def _incident(down: Interval, found: Sequence[Incident], *, last: bool) -> Incident:
    first = next(
        each
        for each in found
        if each.start <= down.start and (not each.end or each.end > down.start)
    )
    return structs.replace(
        first,
        start=down.start,
        end=None if last else down.end,
        confirmed_at=max(first.confirmed_at, down.start),
        down_s=(down.end - down.start).total_seconds(),
    )
