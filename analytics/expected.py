"""What is usual of a volume at a time of the week, how much it varies, and what is too low.

numbers.md, "Activity". Of a window of 1, 3, 6, 12 or 24 whole hours: mu is the median of the same
window of the week, by the site's clock, in the last 8 weeks, at least 3 of them, without hours that
were holidays or incidents. The dispersion 1/k is pooled by moments over a week of windows. A window
is tested only where even zero would be surprising: mu >= k (alpha^(-1/k) - 1).
"""

from math import lgamma, log

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

WEEK_H = 168
WEEKS_MAX, WEEKS_MIN = 8, 3
LENGTHS_H = (1, 3, 6, 12, 24)
ALPHA = 0.001
K_MAX = 400.0
"""No volume is taken to vary by less than 5 % beyond chance: what is usual is itself estimated from
a few weeks. Without it a purely random volume gave 1.8 false alerts a month, with it 0.7."""

ROUNDING = 1e-6
"""Of logarithms of probabilities, which are of large numbers."""

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Volume(Struct, frozen=True, kw_only=True):
    """An event's counts by whole hour, one after another. `first` is the number of hour 0 since the
    epoch, `local_h` how many hours the site's clock is ahead of UTC then. Hours of `dropped`
    are no example of what is usual, and are not judged; those of `unlike` are no example only."""

    first: int
    counts: Numbers
    local_h: Numbers
    dropped: Mask
    unlike: Mask


class Expected(Struct, frozen=True, kw_only=True):
    """Of the windows of `length_h` that end with each hour (place i: right before hour i of the
    volume); places 0 to the number of hours. `mu` is NaN where too few weeks tell."""

    length_h: int
    counts: Floats
    mu: Floats
    k: Floats
    judged: Mask
    """Whether none of the window's own hours was dropped."""

    def tested(self, alpha: float) -> Mask:
        """Where even zero would be surprising."""
        return self.judged & (self.mu >= surprising(self.k, alpha))


def expected(volume: Volume, length_h: int) -> Expected:
    """In time linear in the hours."""
    hours = len(volume.counts)
    sums = np.concatenate([[0.0], np.cumsum(volume.counts)])
    counts = np.full(hours + 1, np.nan)
    if hours >= length_h:
        counts[length_h:] = sums[length_h:] - sums[:-length_h]
    like = _without(volume.dropped | volume.unlike, length_h)
    earlier = _earlier(volume, np.where(like, counts, np.nan))
    known = np.isfinite(earlier)
    weeks = known.sum(axis=0)
    enough = weeks >= WEEKS_MIN
    mu = np.full(hours + 1, np.nan)
    mu[enough] = np.nanmedian(earlier[:, enough], axis=0)
    return Expected(
        length_h=length_h,
        counts=counts,
        mu=mu,
        k=_dispersion(earlier, weeks, enough),
        judged=_without(volume.dropped, length_h),
    )


def surprising(k: Floats, alpha: float) -> Floats:
    """The least mu at which a count of zero has a probability of alpha or less."""
    with np.errstate(over="ignore"):
        found: Floats = k * (np.power(alpha, -1 / np.maximum(k, 1e-3)) - 1)
    return found


def no_more_than(count: float, mu: float, k: float) -> float:
    """The probability of `count` or fewer: negative binomial of mean mu and variance
    mu + mu^2 / k."""
    if mu <= 0:
        return 1.0
    if count < 0:
        return 0.0
    number = np.arange(1, int(count) + 1, dtype=np.float64)
    ratios = np.log((number - 1 + k) / number) + log(mu / (mu + k))
    zero = k * log(k / (k + mu))
    return min(1.0, float(np.exp(zero + np.concatenate([[0.0], np.cumsum(ratios)])).sum()))


def likely(count: float, mu: float, k: float, chance: float) -> bool:
    """Whether just so many have a probability of `chance` or more, which is told at once:
    no_more_than() is then no less. False says nothing."""
    if count < 0 or mu <= 0:
        return False
    ways = lgamma(count + k) - lgamma(k) - lgamma(count + 1)
    logarithm = ways + k * log(k / (k + mu)) + count * log(mu / (mu + k))
    return logarithm > log(chance) + ROUNDING


def band(mu: float, k: float, tail: float = 0.025) -> tuple[int, int]:
    """The counts between which all but a tail on each side lie."""
    if mu <= 0:
        return 0, 0
    most = int(mu + 12 * (mu + mu * mu / k) ** 0.5 + 20)
    number = np.arange(1, most + 1, dtype=np.float64)
    ratios = np.log((number - 1 + k) / number) + log(mu / (mu + k))
    zero = k * log(k / (k + mu))
    reached = np.cumsum(np.exp(zero + np.concatenate([[0.0], np.cumsum(ratios)])))
    return int(np.searchsorted(reached, tail)), int(np.searchsorted(reached, 1 - tail))


def seen_within_h(volumes: list[Expected], alpha: float) -> list[int | None]:
    """For a full stop that begins with each hour of the week before the volume's end: after how
    many hours a window would be too low, as the last week stands. None: not within a week."""
    told = np.zeros((len(volumes), WEEK_H), dtype=np.bool_)
    for row, each in enumerate(volumes):
        last = (each.mu >= surprising(each.k, alpha))[-WEEK_H:]
        told[row, WEEK_H - len(last) :] = last
    found: list[int | None] = []
    for start in range(WEEK_H):
        within = None
        for hours in range(1, WEEK_H + 1):
            place = (start + hours - 1) % WEEK_H
            if any(told[row, place] for row, v in enumerate(volumes) if v.length_h <= hours):
                within = hours
                break
        found.append(within)
    return found


def _without(hours: Mask, length_h: int) -> Mask:
    """Of the windows that end with each hour, whether none of the hours lies in it."""
    sums = np.concatenate([[0], np.cumsum(hours)])
    found = np.zeros(len(sums), dtype=np.bool_)
    if len(hours) >= length_h:
        found[length_h:] = sums[length_h:] == sums[:-length_h]
    return found


def _earlier(volume: Volume, counts: Floats) -> Floats:
    """The same window in each of the weeks before: rows of weeks, NaN where there is none."""
    places = np.arange(len(counts))
    local = np.append(volume.local_h, volume.local_h[-1:] if len(volume.local_h) else [0])
    local = local[: len(counts)]
    found = np.full((WEEKS_MAX, len(counts)), np.nan)
    for week in range(1, WEEKS_MAX + 1):
        before = places - week * WEEK_H
        there = before >= 0
        # The same hour by the clock: an hour off in UTC where the clocks were changed between.
        shift = np.zeros(len(counts), dtype=np.int64)
        shift[there] = local[places[there]] - local[before[there]]
        before = before + shift
        there &= (before >= 0) & (before < len(counts))
        found[week - 1, there] = counts[before[there]]
    return found


def _dispersion(earlier: Floats, weeks: NDArray[np.int64], enough: Mask) -> Floats:
    """k of each place: pooled over the windows of the week up to it."""
    filled = np.nan_to_num(earlier)
    number = np.maximum(weeks, 1)
    mean = filled.sum(axis=0) / number
    squares = (np.where(np.isfinite(earlier), earlier - mean, 0.0) ** 2).sum(axis=0)
    variance = squares / np.maximum(weeks - 1, 1)
    excess = _week_sum(np.where(enough, variance - mean, 0.0))
    scale = _week_sum(np.where(enough, mean * mean, 0.0))
    inverse = excess / np.where(scale > 0, scale, np.inf)
    k: Floats = 1 / np.maximum(inverse, 1 / K_MAX)
    return k


def _week_sum(values: Floats) -> Floats:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    found: Floats = sums[ends] - sums[np.maximum(ends - WEEK_H, 0)]
    return found
