"""One monitor's time, cut into states: numbers.md, "Uptime", for the results of one location.

Choices where the definitions leave room:
- `confirm_after` and `recover_after` count results in a row, and a silence breaks the row.
- An outage ends only at the first good check of a confirmed recovery. If its results fall silent,
  the down time ends where the unknown time begins; failing results afterwards go on with the same
  incident at once, good ones end it at the first of them.
- A failing check still waiting to be confirmed leaves the state as it was; when there was none
  (the very first results, or the first after a silence) the time is unknown until it is settled.
- A pause begins at its definition and lasts until the first result after it ends.
- Duty begins with the first result where that follows the first definition within the grace,
  else with the definition; it ends where the monitor is removed. A monitor removed and brought
  back was paused between.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from msgspec import Struct, structs

from analytics.observed import Run, Version
from analytics.pieces import Piece, overlay
from analytics.question import Window
from analytics.reports.types import Blip, Incident, Interval, State
from analytics.times import from_us, to_us
from analytics.walk import Walk


class Timeline(Struct, frozen=True, kw_only=True):
    """The intervals cover the monitor's duty without hole or overlap, from its first result or
    definition to now. Incidents and blips are in time order.

    `opens_in_outage` says that earlier results, not given, may move the first incident's start.
    """

    intervals: tuple[Interval, ...]
    incidents: tuple[Incident, ...]
    blips: tuple[Blip, ...]
    opens_in_outage: bool = False


def timeline(
    monitor: str,
    runs: Sequence[Run],
    versions: Sequence[Version],
    now: datetime,
    *,
    since: datetime | None = None,
) -> Timeline:
    """The timeline of `runs` and `versions`, both in time order, as seen at `now`.

    Nothing due after `now` may be among the runs. `since` says that results before it were not
    given; None, that these are all there are. Cut to a window afterwards, and begin well before
    it: what led up to its start cannot be told otherwise.
    """
    now_us = to_us(now)
    since_us = to_us(since) if since else None
    end_us = _duty_end(versions, now_us)
    runs = [run for run in runs if run.first_us < end_us]
    start_us = _duty_start(runs, versions, since_us)
    if start_us is None or start_us >= end_us:
        return Timeline(intervals=(), incidents=(), blips=())
    pauses = _pauses(versions, start_us, end_us)
    walk = Walk(monitor, versions, pauses, start_us)
    for run in runs:
        walk.take(run)
    walk.finish(end_us, removed=end_us < now_us)
    pieces = overlay(_pieces(walk.marks, end_us), pauses, State.PAUSED)
    return Timeline(
        intervals=tuple(Interval(from_us(a), from_us(b), state) for a, b, state in pieces),
        incidents=tuple(with_down_time(walk.incidents, pieces)),
        blips=tuple(walk.blips),
        opens_in_outage=since is not None and _opens_in_outage(walk, runs, versions),
    )


def cut(whole: Timeline, window: Window) -> Timeline:
    """What of a timeline lies in the window: its intervals cut at the edges, the incidents and
    blips that touch it left whole."""
    return Timeline(
        intervals=tuple(
            Interval(max(each.start, window.start), min(each.end, window.end), each.state)
            for each in whole.intervals
            if each.end > window.start and each.start < window.end
        ),
        incidents=tuple(
            each
            for each in whole.incidents
            if each.start < window.end and (each.end is None or each.end > window.start)
        ),
        blips=tuple(
            each for each in whole.blips if each.start < window.end and each.end > window.start
        ),
    )


def with_down_time(incidents: Sequence[Incident], pieces: Sequence[Piece]) -> list[Incident]:
    """The incidents with the time they were seen down: less than they lasted where results
    stopped. One that was down only in time left out is none."""
    down = [(start_us, end_us) for start_us, end_us, state in pieces if state is State.DOWN]
    starts, ends = [each[0] for each in down], [each[1] for each in down]
    kept = []
    for each in incidents:
        start_us = to_us(each.start)
        first = bisect_right(ends, start_us)
        last = bisect_left(starts, to_us(each.end)) if each.end else len(down)
        if first < last:
            begins_us = max(start_us, down[first][0])
            down_us = sum(end_us - max(from_, start_us) for from_, end_us in down[first:last])
            kept.append(
                structs.replace(
                    each,
                    start=from_us(begins_us),
                    confirmed_at=max(each.confirmed_at, from_us(begins_us)),
                    down_s=down_us / 1e6,
                    outages=last - first,
                )
            )
    return kept


def _opens_in_outage(walk: Walk, runs: Sequence[Run], versions: Sequence[Version]) -> bool:
    if not walk.incidents or to_us(walk.incidents[0].start) != runs[0].first_us:
        return False
    return not versions or versions[0].from_us < runs[0].first_us - versions[0].grace_us


def _duty_start(
    runs: Sequence[Run], versions: Sequence[Version], since_us: int | None
) -> int | None:
    if not versions:
        return runs[0].first_us if runs else None
    defined_us = max(versions[0].from_us, since_us or 0)
    if runs and runs[0].first_us - defined_us <= versions[0].grace_us and not versions[0].paused:
        return runs[0].first_us
    return defined_us


def _duty_end(versions: Sequence[Version], now_us: int) -> int:
    if versions and versions[-1].removed:
        gone_us = versions[-1].from_us
        for version in reversed(versions):
            if not version.removed:
                break
            gone_us = version.from_us
        return min(now_us, gone_us)
    return now_us


def _pauses(versions: Sequence[Version], start_us: int, end_us: int) -> list[tuple[int, int]]:
    """The stretches in which no result was wanted."""
    spans: list[tuple[int, int]] = []
    for number, version in enumerate(versions, 1):
        until_us = versions[number].from_us if number < len(versions) else end_us
        if not (version.paused or version.removed):
            continue
        from_, to = max(version.from_us, start_us), min(until_us, end_us)
        if spans and spans[-1][1] == from_:
            spans[-1] = (spans[-1][0], to)
        elif from_ < to:
            spans.append((from_, to))
    return spans


def _pieces(marks: Sequence[tuple[int, State]], end_us: int) -> list[Piece]:
    marked = [(from_us, state) for from_us, state in marks if from_us < end_us]
    return [
        (from_us, until_us, state)
        for (from_us, state), (until_us, _) in pairwise([*marked, (end_us, State.UNKNOWN)])
    ]
