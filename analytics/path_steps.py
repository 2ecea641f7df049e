"""Paths out of ordered views: each session's steps from where it starts, in one pass of arrays.

Time and memory grow with the number of views alone: a session of 200,000 views costs what as many
views of many sessions do.
"""

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.reports.paths_types import Direction

EVENT, END, OPEN, NONE = -1, -2, -3, -4
"""Codes of what is no page: the event, the session's end (its beginning, looking back), one that
may still go on, and nothing any more."""

Numbers = NDArray[np.int64]
Codes = NDArray[np.int32]
"""Of sessions and pages, narrow: millions are passed over."""
Mask = NDArray[np.bool_]


class Runs(Struct, frozen=True, kw_only=True):
    """Sessions' views in order, consecutive repeats of one page collapsed; `first` and `end` are
    where each session's are among them, one element a session."""

    session: Codes
    code: Codes
    time_us: Numbers
    first: Numbers
    end: Numbers


class Walks(Struct, frozen=True, kw_only=True):
    """Of sessions that came to the start, what each was at in every step: `codes` has an array a
    step, in the order of `steps`, with an element a session."""

    session: Codes
    steps: tuple[int, ...]
    codes: tuple[Codes, ...]


def runs_of(session: Codes, code: Codes, time_us: Numbers, sessions: int) -> Runs:
    """`session` numbers the sessions from 0, in order; a session may be without views."""
    fresh = np.ones(len(session), dtype=np.bool_)
    fresh[1:] = (session[1:] != session[:-1]) | (code[1:] != code[:-1])
    if not fresh.all():
        session, code, time_us = session[fresh], code[fresh], time_us[fresh]
    counts = np.bincount(session, minlength=sessions)
    end = np.cumsum(counts)
    return Runs(session=session, code=code, time_us=time_us, first=end - counts, end=end)


def starts_at(runs: Runs, code: int, span_us: tuple[int, int]) -> Numbers:
    """Each session's first run of `code`, when that began within the span; the runs' places."""
    here = np.flatnonzero(runs.code == code)
    earliest = here[np.unique(runs.session[here], return_index=True)[1]]
    return earliest[_within(runs.time_us[earliest], span_us)]


def starts_at_edge(runs: Runs, direction: Direction, span_us: tuple[int, int]) -> Numbers:
    """Each session's first run, or looking back its last, when that began within the span."""
    some = runs.end > runs.first
    edge = (runs.end - 1 if direction is Direction.BEFORE else runs.first)[some]
    return edge[_within(runs.time_us[edge], span_us)]


def walks(runs: Runs, starts: Numbers, before: int, after: int, still_open: Mask) -> Walks:
    """`before` and `after` steps around the starts; `still_open` tells of each session."""
    session = runs.session[starts]
    first, end = runs.first[session], runs.end[session]
    last = np.where(still_open[session], OPEN, END).astype(np.int32)
    columns: list[Codes] = []
    for step in range(-before, after + 1):
        place = starts + step
        column = runs.code.take(place, mode="clip")
        if step < 0:
            np.putmask(column, place < first, NONE)
            np.putmask(column, place == first - 1, END)
        if step > 0:
            np.putmask(column, place > end, NONE)
            np.copyto(column, last, where=place == end)
        columns.append(column)
    return Walks(session=session, steps=tuple(range(-before, after + 1)), codes=tuple(columns))


def loops(runs: Runs) -> tuple[Codes, Codes, Codes]:
    """Every A to B to A: its session, A and B."""
    code, session = runs.code, runs.session
    if len(code) < 3:
        empty = np.empty(0, dtype=np.int32)
        return empty, empty, empty
    back = (session[2:] == session[:-2]) & (code[2:] == code[:-2])
    return session[2:][back], code[:-2][back], code[1:-1][back]


def _within(times_us: NDArray[Any], span_us: tuple[int, int]) -> Mask:
    return np.asarray((times_us >= span_us[0]) & (times_us < span_us[1]))
