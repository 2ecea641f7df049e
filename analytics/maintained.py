"""A timeline with planned maintenance laid over it.

It lies over all but pauses. What was checked meanwhile still tells what comes after: an outage that
outlasts it is down from where it ends, if a check after that failed too; until that check, the time
is unknown. An incident begins with its first time down that is left, and is none without; it ends
where it ended, be it within.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from msgspec import structs

from analytics.observed import Run
from analytics.pieces import Piece, coalesce, overlay
from analytics.reports.types import Interval, State
from analytics.timeline import Timeline, with_down_time
from analytics.times import Span, from_us, to_us
from probes.outcome import Verdict


def maintained(whole: Timeline, spans: Sequence[Span], runs: Iterable[Sequence[Run]]) -> Timeline:
    """The timeline with maintenance in the spans, which come in order and do not overlap; `runs`
    are those it was made of, by location."""
    if not spans or not whole.intervals:
        return whole
    pieces = [(to_us(each.start), to_us(each.end), each.state) for each in whole.intervals]
    pieces = overlay(pieces, spans, State.MAINTENANCE, spare=(State.PAUSED,))
    bad = [[run for run in each if run.verdict is Verdict.BAD] for each in runs]
    pieces = _only_if_still_failing(pieces, bad, {until_us for _, until_us in spans})
    return structs.replace(
        whole,
        intervals=tuple(Interval(from_us(a), from_us(b), state) for a, b, state in pieces),
        incidents=tuple(with_down_time(whole.incidents, pieces)),
        blips=tuple(each for each in whole.blips if not _within(to_us(each.start), spans)),
    )


def _only_if_still_failing(
    pieces: Sequence[Piece], bad: Sequence[Sequence[Run]], ended: set[int]
) -> list[Piece]:
    """Time down that begins where maintenance ended is unknown, unless a check in it failed."""
    lasts = [[run.last_us for run in runs] for runs in bad]
    told: list[Piece] = []
    for start_us, end_us, state in pieces:
        if state is State.DOWN and start_us in ended:
            numbers = [bisect_left(each, start_us) for each in lasts]
            if not any(
                number < len(runs) and runs[number].first_us < end_us
                for number, runs in zip(numbers, bad, strict=True)
            ):
                state = State.UNKNOWN
        told.append((start_us, end_us, state))
    return coalesce(told)


def _within(moment_us: int, spans: Sequence[Span]) -> bool:
    number = bisect_right(spans, moment_us, key=lambda span: span[0])
    return number > 0 and moment_us < spans[number - 1][1]
