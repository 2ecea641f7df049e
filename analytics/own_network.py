"""The gate for "it is our own network": when a location's sentinels all fail, what fails with them
there says nothing of its target.

Sentinels are monitors of things that practically never fail together. At each location, the time
in which every sentinel that reports fails, confirmed or not, is the network's own: from the last
good result of the last of them to fail, to the first good result of any. Bad results of that time
are set aside as if never made, so what remains of it is unknown. Good ones stand: what answered
was up. A sentinel is itself set aside only where another fails with it: alone, it is down.
"""

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from analytics.observed import Run
from analytics.times import Span
from probes.outcome import Verdict


class Gate(Struct, frozen=True, kw_only=True):
    """When a location was cut off, and when at least two sentinels said so; in time order."""

    spans: tuple[Span, ...]
    agreed: tuple[Span, ...]


def gate(sentinels: Mapping[str, Sequence[Run]], until_us: int) -> Gate:
    """When all sentinels of one location, by their runs up to `until_us`, fail."""
    edges: list[tuple[int, int, int]] = []
    for runs in sentinels.values():
        for start_us, end_us, failing in _told(runs, until_us):
            edges.append((start_us, 1, 1 if failing else 0))
            edges.append((end_us, -1, -1 if failing else 0))
    spans: list[Span] = []
    agreed: list[Span] = []
    reporting = failing_now = 0
    before_us = 0
    for moment_us, reports, fails in sorted(edges):
        if reporting and failing_now == reporting and moment_us > before_us:
            _join(spans, (before_us, moment_us))
            if reporting > 1:
                _join(agreed, (before_us, moment_us))
        reporting += reports
        failing_now += fails
        before_us = moment_us
    return Gate(spans=tuple(spans), agreed=tuple(agreed))


def without_failures(
    runs: Sequence[Run], spans: Sequence[Span]
) -> tuple[list[Run], tuple[Span, ...]]:
    """The runs less the bad results in the spans, and those spans that had any."""
    kept: list[Run] = []
    hit: list[Span] = []
    for run in runs:
        touched = [
            span
            for span in spans
            if run.verdict is Verdict.BAD and span[0] <= run.last_us and run.first_us < span[1]
        ]
        if not touched:
            kept.append(run)
            continue
        rest = _rest(run, touched)
        kept.extend(rest)
        if sum(each.count for each in rest) < run.count:
            hit.extend(span for span in touched if span not in hit[-1:])
    return kept, tuple(hit)


def _told(runs: Sequence[Run], until_us: int) -> list[tuple[int, int, bool]]:
    """From, to, and whether it fails: what one sentinel says, silence left out. It fails from
    right after its last good result."""
    told: list[tuple[int, int, bool]] = []
    for number, run in enumerate(runs):
        heard_until_us = min(run.last_us + run.grace_us, until_us)
        if number + 1 < len(runs):
            heard_until_us = min(heard_until_us, runs[number + 1].first_us)
        failing = run.verdict is Verdict.BAD
        start_us = run.first_us
        if failing and not (told and told[-1][2] and told[-1][1] == start_us):
            start_us -= run.interval_us
            if told:
                before = runs[number - 1]
                start_us = max(start_us, before.last_us)
                told[-1] = (told[-1][0], min(told[-1][1], start_us), told[-1][2])
        told.append((start_us, heard_until_us, failing))
    return [each for each in told if each[0] < each[1]]


def _rest(run: Run, spans: Sequence[Span]) -> list[Run]:
    """What of a run lies outside the spans; its results are taken to have come evenly."""
    if run.count == 1:
        return []
    step_us = (run.last_us - run.first_us) / (run.count - 1)
    if not step_us:
        return []

    def number_at(moment_us: int) -> int:
        """How many results came before."""
        return min(max(math.ceil((moment_us - run.first_us) / step_us), 0), run.count)

    rest: list[Run] = []
    cursor = 0
    for start_us, end_us in [*spans, (run.last_us + 1, run.last_us + 1)]:
        upto = number_at(start_us)
        if upto > cursor:
            rest.append(
                structs.replace(
                    run,
                    first_us=run.nth_us(cursor + 1),
                    last_us=run.nth_us(upto),
                    count=upto - cursor,
                )
            )
        cursor = max(cursor, number_at(end_us))
    return rest


def _join(spans: list[Span], span: Span) -> None:
    if spans and spans[-1][1] == span[0]:
        spans[-1] = (spans[-1][0], span[1])
    else:
        spans.append(span)
