"""Two segments beside each other: how far apart their figures are, how sure that is, and in words.

A report gives the two Estimates it shows anyway; whatever made them (a plain, weighted or clustered
share, a quantile), their own intervals carry what is unsure. The interval of the difference is
recovered from those two (MOVER: Zou and Donner, Statistics in Medicine 27, 2008), which for shares
with Wilson intervals is Newcombe's method 10.

    found = compare(novices, experts, Words("novices", "experts", "convert less", "convert more"))
    found.sentence  # "novices convert less than experts: 8.1 to 12.4 points"

Several segments against one go through `compare_each`, so that looking often does not find what is
not there.
"""

from collections.abc import Sequence
from enum import StrEnum
from math import ceil, erfc, log10, sqrt

from msgspec import Struct

from analytics.basis import Estimate, Withheld
from analytics.estimates import Difference, Z, recovered, significant

Z_POWER = 0.8416
"""So that a difference as large as the one seen would be told in 4 of 5 samples."""
FALSE_RATE = 0.05
TIMES_MORE_MAX = 50.0
"""Beyond so many times what there is, no number of sessions is promised."""


class Unit(StrEnum):
    """In what a difference is said."""

    POINTS = "points"
    """Of a share, in hundredths."""
    MILLISECONDS = "ms"
    SECONDS = "s"
    NONE = ""


class Words(Struct, frozen=True):
    """How a comparison of `one` with `other` is told: "novices convert less than experts".

    `other` may be "", where the reader knows with whom. `less` and `more` are verbs with their
    adverb, for a lower and for a higher figure: "convert less", "wait longer".
    """

    one: str
    other: str
    less: str
    more: str
    unit: Unit = Unit.POINTS


class Comparison(Struct, frozen=True, kw_only=True):
    """One figure minus another with its 95 % interval, in the figures' own unit (shares: 0..1).

    `told` says whether a difference can be told at all; else `more_sessions` is about how many more
    sessions (rounded, of both segments together) would tell one as large as the one seen; None
    where no honest number can be given. With `withheld`, one of the two is, and all figures are
    None.
    """

    value: float | None
    low: float | None
    high: float | None
    told: bool
    more_sessions: int | None
    sentence: str
    withheld: Withheld | None = None


def compare(
    one: Estimate, other: Estimate, words: Words, *, sessions: float | None = None
) -> Comparison:
    """`one` minus `other`. `sessions`: how many sessions of the site the two stand for together
    (in the sample / its rate, or the sum of their weights); unset: their effective sizes."""
    return _compared(one, other, words, sessions, holds=True)


def compare_each(
    ones: Sequence[Estimate],
    other: Estimate,
    words: Sequence[Words],
    *,
    sessions: Sequence[float] | None = None,
) -> list[Comparison]:
    """Each of several with the same other one, told only as far as all hold together
    (Benjamini-Hochberg at 5 %): where nothing differs, one list in twenty says something does."""
    return compare_pairs([(one, other) for one in ones], words, sessions=sessions)


def compare_pairs(
    pairs: Sequence[tuple[Estimate, Estimate]],
    words: Sequence[Words],
    *,
    sessions: Sequence[float] | None = None,
) -> list[Comparison]:
    """As `compare_each`, each with an other one of its own."""
    found = [_difference(one, other) for one, other in pairs]
    holding = significant([_chance(each) if each else 1.0 for each in found], FALSE_RATE)
    return [
        _compared(*pair, words[place], sessions[place] if sessions else None, holds=holds)
        for place, (pair, holds) in enumerate(zip(pairs, holding, strict=True))
    ]


def _compared(
    one: Estimate, other: Estimate, words: Words, sessions: float | None, *, holds: bool
) -> Comparison:
    found = _difference(one, other)
    if found is None:
        return Comparison(
            value=None,
            low=None,
            high=None,
            told=False,
            more_sessions=None,
            sentence=_too_few(one, words),
            withheld=one.withheld or other.withheld,
        )
    told = holds and not found.low <= 0 <= found.high
    more = None
    if not told:
        more = _more(found, one.effective_n + other.effective_n if sessions is None else sessions)
    return Comparison(
        value=found.value,
        low=found.low,
        high=found.high,
        told=told,
        more_sessions=more,
        sentence=_told(found, words) if told else _not_told(found, more, words),
    )


def _difference(one: Estimate, other: Estimate) -> Difference | None:
    if one.value is None or one.low is None or one.high is None:
        return None
    if other.value is None or other.low is None or other.high is None:
        return None
    return recovered((one.value, one.low, one.high), (other.value, other.low, other.high))


def _towards_zero(found: Difference) -> float:
    """How far the interval reaches from the value to the side where 0 lies."""
    return found.value - found.low if found.value > 0 else found.high - found.value


def _chance(found: Difference) -> float:
    """Two-sided p value of no difference, from the interval."""
    reach = _towards_zero(found)
    return erfc(abs(found.value) * Z / reach / sqrt(2)) if reach else float(not found.value)


def _more(found: Difference, sessions: float) -> int | None:
    """How many more sessions would tell the difference seen: intervals narrow by the root."""
    if not found.value:
        return None
    times = (_towards_zero(found) / abs(found.value) * (Z + Z_POWER) / Z) ** 2
    if not 1 < times <= TIMES_MORE_MAX or not sessions:
        return None
    return _about((times - 1) * sessions)


def _about(number: float) -> int:
    """Two digits, rounded up."""
    step: int = 10 ** max(0, int(log10(max(number, 1))) - 1)
    return int(ceil(number / step) * step)


def _told(found: Difference, words: Words) -> str:
    low, high = sorted((abs(found.low), abs(found.high)))
    does = words.more if found.value > 0 else words.less
    than = f" than {words.other}" if words.other else ""
    return f"{words.one} {does}{than}: {range_words(low, high, words.unit)}"


def _not_told(found: Difference, more: int | None, words: Words) -> str:
    if more is not None:
        return f"no difference can be told yet; about {more:,} more sessions would"
    most = max(abs(found.low), abs(found.high))
    amount = range_words(None, most, words.unit)
    return f"no difference can be told: if there is one, it is below {amount}"


def _too_few(one: Estimate, words: Words) -> str:
    few = words.one if one.withheld else words.other
    against = words.other if one.withheld else words.one
    whom = f"{few} with {against}" if few and against else few or against
    return f"too few sessions to compare {whom}"


def range_words(low: float | None, high: float, unit: Unit) -> str:
    """ "8.1 to 12.4 points"; without `low`, the upper bound alone."""
    scale = 100.0 if unit is Unit.POINTS else 1.0
    small = min(each for each in (low, high) if each) * scale if high else 0.0
    digits = {Unit.POINTS: 1, Unit.MILLISECONDS: 0, Unit.SECONDS: 1, Unit.NONE: 2}[unit]
    if small and round(small, digits) == 0:
        digits += 1
    ends = [f"{each * scale:,.{digits}f}" for each in (low, high) if each is not None]
    return " to ".join(ends) + (f" {unit.value}" if unit.value else "")
