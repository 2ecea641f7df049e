"""Segments of a funnel's sessions: which there are, and how each differs from all others."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate
from analytics.breakdown import LEVEL, QUALITY, UNKNOWN
from analytics.differences import Words, compare_pairs
from analytics.funnel_depths import Depths, Tally
from analytics.funnel_sessions import FunnelSessions
from analytics.levels import shown
from analytics.quality import Quality
from analytics.question import UNDECLARED, Order, Step, Unit
from analytics.reports.funnel_types import FunnelDifference

SEGMENTS_MAX = 8
"""The largest ones; all others are one more, "other"."""
OTHER = "other"
READINGS_MAX = 6
WHOLE = 0
NAMELESS = frozenset({UNDECLARED, UNKNOWN, Quality.NOT_MEASURED.value})


class Groups(Struct, frozen=True):
    """Segments, of one of which each session is: the values of what is told apart, and of each
    session its segment's place among them."""

    parts: tuple[tuple[str, ...], ...]
    of: NDArray[np.intp]

    def tally(self, sessions: FunnelSessions, steps: int) -> Tally:
        return Tally(sessions, self.of, len(self.parts), steps)


def groups_of(sessions: FunnelSessions, dimensions: Sequence[str], levels: Sequence[str]) -> Groups:
    """The segments by one or two dimensions: levels and qualities in their order, else the largest
    first, and whatever is beyond SEGMENTS_MAX together in the last."""
    if not dimensions or not len(sessions.depth):
        return Groups((), np.zeros(len(sessions.depth), dtype=np.intp))
    values = [sessions.parts[dimension] for dimension in dimensions]
    shape = tuple(len(each.names) for each in values)
    flat = np.ravel_multi_index(tuple(each.codes for each in values), shape)
    codes, place = np.unique(flat, return_inverse=True)
    keys = [
        tuple(each.names[code] for each, code in zip(values, row, strict=True))
        for row in zip(*(each.tolist() for each in np.unravel_index(codes, shape)), strict=True)
    ]
    counts = dict(zip(keys, np.bincount(place).tolist(), strict=True))
    kept = sorted(counts, key=lambda key: (-counts[key], key))[:SEGMENTS_MAX]
    ranks = [
        _ranks(name, levels, each.found) for name, each in zip(dimensions, values, strict=True)
    ]
    if all(name in (LEVEL, QUALITY) for name in dimensions):
        kept.sort(key=lambda key: [rank[part] for rank, part in zip(ranks, key, strict=True)])
    numbers = {key: number for number, key in enumerate(kept)}
    number = np.array([numbers.get(key, len(kept)) for key in keys], dtype=np.intp)
    if len(counts) > len(kept):
        kept.append((OTHER,) * len(dimensions))
    return Groups(tuple(kept), number[place])


def level_groups(sessions: FunnelSessions, levels: Sequence[str]) -> Groups:
    """The site's levels, and others that were found, whether anybody entered or not."""
    names = shown(levels, sessions.level.found)
    return Groups(tuple((name,) for name in names), sessions.level.among(names))


def differences(
    tally: Tally,
    groups: Groups,
    steps: Sequence[Step],
    order: Order,
    unit: Unit,
    scale: float = 1.0,
) -> list[FunnelDifference]:
    """Each segment that somebody entered against all others: of the whole funnel, then of each
    step, told as far as all hold together. `tally` is of the groups. `scale`: for how many sessions
    of the site one that was read stands."""
    places = range(len(groups.parts))
    entered = [place for place in places if tally.entered([place])]
    sides = {
        groups.parts[place]: (
            tally.depths([place]),
            tally.depths([other for other in places if other != place]),
        )
        for place in entered
        if OTHER not in groups.parts[place] and len(entered) > 1
    }
    asked = [
        (parts, number)
        for number in (WHOLE, *range(1, len(steps) if len(steps) > 2 else 1))
        for parts in sides
    ]
    pairs = [_pair(*sides[parts], number, len(steps)) for parts, number in asked]
    compared = compare_pairs(
        pairs,
        [_words(parts, number, steps, order, unit) for parts, number in asked],
        sessions=[scale * (one.effective_n + other.effective_n) for one, other in pairs],
    )
    return [
        FunnelDifference(
            parts=parts,
            step=number,
            value=each.value,
            low=each.low,
            high=each.high,
            told=each.told,
            sentence=_sentence(each.sentence),
        )
        for (parts, number), each in zip(asked, compared, strict=True)
    ]


def readings(found: Sequence[FunnelDifference]) -> tuple[str, ...]:
    """What can be told, the widest difference first, one for each segment before a second; those of
    whom nothing is known differ by that, and tell nobody anything."""
    known = (each for each in found if each.told and not NAMELESS & set(each.parts))
    told = sorted(known, key=lambda each: -abs(each.value or 0.0))
    return tuple(each.sentence for each in _turns(told))[:READINGS_MAX]


def _turns(told: Sequence[FunnelDifference]) -> Iterator[FunnelDifference]:
    seen: Counter[tuple[str, ...]] = Counter()
    turns = []
    for each in told:
        turns.append((seen[each.parts], each))
        seen[each.parts] += 1
    yield from (each for _, each in sorted(turns, key=lambda turn: turn[0]))


def _pair(members: Depths, others: Depths, number: int, steps: int) -> tuple[Estimate, Estimate]:
    """The share that goes on from a step, or through all of them, of members and of others."""
    onward, among = (number + 1, number) if number else (steps, 1)
    return members.share(onward, among), others.share(onward, among)


def _words(
    parts: tuple[str, ...], number: int, steps: Sequence[Step], order: Order, unit: Unit
) -> Words:
    noun = "sessions" if unit is Unit.SESSION else "users"
    does = "get through" if number == WHOLE else f"go on from {step_name(steps, number, order)}"
    who = ", ".join(part.replace("_", " ") for part in parts)
    return Words(f"{who} {noun}", "all others", f"{does} less often", f"{does} more often")


def step_name(steps: Sequence[Step], number: int, order: Order) -> str:
    """Step `number` (from 1) as sentences name it; in any order, it is so many of the steps."""
    if order is Order.ANY:
        return f"{number} of the steps"
    return f"“{steps[number - 1].label}”"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _ranks(name: str, levels: Sequence[str], values: Iterable[str]) -> dict[str, int]:
    known = [each.value for each in Quality] if name == QUALITY else shown(levels, values)
    return {value: place for place, value in enumerate(known)}
