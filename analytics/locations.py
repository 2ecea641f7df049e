"""Several locations' timelines of one monitor, made one by quorum.

Down while at least a quorum of the locations that report say so, degraded while fewer do or one is
degraded, unknown while fewer than a quorum report. A quorum of 0 is a majority of those that
report. What none reports is paused or maintenance only where that is all there is.

Each location's results stand at that location's own due times, so they tell of different instants
within an interval: the monitor is down from when the last location needed for the quorum says so.
An incident lasts until it is up again; silence and maintenance meanwhile do not end it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import structs

from analytics.observed import Version
from analytics.pieces import Piece, coalesce
from analytics.reports.types import Incident, Interval, State
from analytics.timeline import Timeline
from analytics.times import from_us, to_us

QuorumStep = tuple[int, int]
"""From when on (microseconds since the epoch), and the quorum."""
_REPORTING = (State.UP, State.DEGRADED, State.DOWN)


def quorum_steps(versions: Mapping[str, Sequence[Version]]) -> list[QuorumStep]:
    """The quorum as the latest definition of any location says it, in time order."""
    steps: list[QuorumStep] = []
    for each in sorted(
        (version for location in versions.values() for version in location),
        key=lambda version: version.from_us,
    ):
        if not each.removed and (not steps or steps[-1][1] != each.quorum):
            steps.append((each.from_us, each.quorum))
    return steps


def combined(
    timelines: Mapping[str, Timeline], quorums: Sequence[QuorumStep], now: datetime
) -> Timeline:
    """One timeline of the locations' ones; of a single location, that one as it is, unless the
    quorum asks for more."""
    if len(timelines) == 1 and all(quorum <= 1 for _, quorum in quorums):
        return next(iter(timelines.values()))
    pieces = _sweep([each.intervals for each in timelines.values()], quorums)
    found = sorted(
        (incident for each in timelines.values() for incident in each.incidents),
        key=lambda incident: incident.start,
    )
    blips = (blip for each in timelines.values() for blip in each.blips)
    return Timeline(
        intervals=tuple(Interval(from_us(a), from_us(b), state) for a, b, state in pieces),
        incidents=tuple(
            _incident(down, end_us, found) for down, end_us in _outages(pieces, to_us(now))
        ),
        blips=tuple(sorted(blips, key=lambda blip: blip.start)),
        opens_in_outage=any(each.opens_in_outage for each in timelines.values()),
    )


def _sweep(by_location: Sequence[Sequence[Interval]], quorums: Sequence[QuorumStep]) -> list[Piece]:
    edges: list[tuple[int, int, State, int]] = []
    for intervals in by_location:
        for each in intervals:
            edges.append((to_us(each.start), 1, each.state, +1))
            edges.append((to_us(each.end), 0, each.state, -1))
    # A new quorum moves nothing itself, but what it says may change from there on.
    edges.extend((from_us, 0, State.UNKNOWN, 0) for from_us, _ in quorums)
    pieces: list[Piece] = []
    holding = dict.fromkeys(State, 0)
    before_us: int | None = None
    quorum, next_step = (quorums[0][1] if quorums else 0), 1
    for moment_us, _, state, change in sorted(edges):
        if before_us is not None and moment_us > before_us and any(holding.values()):
            while next_step < len(quorums) and quorums[next_step][0] <= before_us:
                quorum, next_step = quorums[next_step][1], next_step + 1
            pieces.append((before_us, moment_us, _state(holding, quorum)))
        holding[state] += change
        before_us = moment_us
    return coalesce(pieces)


def _state(holding: Mapping[State, int], quorum: int) -> State:
    reporting = sum(holding[state] for state in _REPORTING)
    if not reporting and not holding[State.UNKNOWN]:
        return State.MAINTENANCE if holding[State.MAINTENANCE] else State.PAUSED
    if reporting < max(quorum, 1):
        return State.UNKNOWN
    if holding[State.DOWN] >= (quorum or reporting // 2 + 1):
        return State.DOWN
    return State.DEGRADED if holding[State.DOWN] + holding[State.DEGRADED] else State.UP


def _outages(pieces: Sequence[Piece], now_us: int) -> list[tuple[list[Piece], int | None]]:
    """The stretches down of each incident, and where it ended."""
    outages: list[tuple[list[Piece], int | None]] = []
    down: list[Piece] = []
    for piece in pieces:
        if piece[2] is State.DOWN:
            down.append(piece)
        elif down and piece[2] in _REPORTING:
            outages.append((down, piece[0]))
            down = []
    if down:
        outages.append((down, None if pieces[-1][1] >= now_us else pieces[-1][1]))
    return outages


def _incident(down: Sequence[Piece], end_us: int | None, found: Sequence[Incident]) -> Incident:
    start = from_us(down[0][0])
    end = from_us(end_us) if end_us is not None else None
    saying = [each for each in found if each.start <= start and (not each.end or each.end > start)]
    meanwhile = [
        each
        for each in found
        if (end is None or each.start < end) and (not each.end or each.end > start)
    ]
    return structs.replace(
        saying[0],
        start=start,
        end=end,
        confirmed_at=max(start, *(each.confirmed_at for each in saying)),
        edge_s=max(each.edge_s for each in saying),
        failed_checks=sum(each.failed_checks for each in meanwhile),
        down_s=sum(until_us - from_ for from_, until_us, _ in down) / 1e6,
        outages=len(down),
    )
