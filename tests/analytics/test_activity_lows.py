"""Volumes that are too low: every full stop is found, and chance is seldom taken for one."""

from math import inf, isclose

import numpy as np
import pytest
from msgspec import structs

from analytics.expected import (
    ALPHA,
    LENGTHS_H,
    Expected,
    Volume,
    band,
    expected,
    likely,
    no_more_than,
    seen_within_h,
    surprising,
)
from analytics.lows import Low, lows
from tests.support.volumes import WEEK_H, volume, volume_of

MONTH_H = 730.5


def windows(volume: Volume) -> list[Expected]:
    return [expected(volume, length) for length in LENGTHS_H]


def found(volume: Volume, since: int = 0) -> list[Low]:
    return lows(windows(volume), since=since)


def false_alerts(seeds: range, weeks: int) -> float:
    """A month, of volumes in which nothing is wrong; the first eight weeks only teach."""
    taught = 8 * WEEK_H
    count = sum(
        len(found(volume(seed, weeks, a_day=a_day), since=taught))
        for seed in seeds
        for a_day in (60, 250, 1_000)
    )
    return count / (len(seeds) * 3 * (weeks * WEEK_H - taught) / MONTH_H)


def stops_seen_after_h(seeds: range, *, at_work: bool = False) -> list[int | None]:
    """How long after each of so many full stops of three days one was seen; they begin at any hour
    of the week, or at one of an office's."""
    after: list[int | None] = []
    for seed in seeds:
        random = np.random.default_rng(seed)
        hour = int(random.integers(0, WEEK_H))
        if at_work:
            hour = int(random.integers(0, 5)) * 24 + int(random.integers(8, 17))
        start = 9 * WEEK_H + hour
        stopped = volume(seed, 11, stop=(start, start + 72))
        seen = [low.seen for low in found(stopped, since=start + 1)]
        after.append(seen[0] - start if seen else None)
    return after


def test_false_alerts_are_fewer_than_one_a_month() -> None:
    assert false_alerts(range(3), 34) <= 0.8


def test_every_full_stop_is_seen() -> None:
    assert None not in stops_seen_after_h(range(40))


def test_a_full_stop_amid_work_is_seen_within_hours() -> None:
    after = [each for each in stops_seen_after_h(range(40), at_work=True) if each is not None]
    assert len(after) == 40
    assert np.median(after) <= 2


@pytest.mark.long
def test_over_many_weeks_false_alerts_stay_few_and_every_stop_is_seen() -> None:
    assert false_alerts(range(50, 62), 68) <= 0.8
    assert None not in stops_seen_after_h(range(1_000, 1_600))


def test_a_stop_is_told_once_and_ends_when_it_comes_again() -> None:
    start = 9 * WEEK_H + 34  # Tuesday, ten o'clock
    (low,) = found(volume(5, 11, stop=(start, start + 30)), since=8 * WEEK_H)
    assert start - 3 <= low.start <= start + 1
    assert low.seen <= start + 3
    assert low.end is not None
    assert start + 28 <= low.end <= start + 36
    assert (low.count, low.chance < ALPHA) == (0, True)


def test_a_stop_that_lasts_has_no_end() -> None:
    start = 10 * WEEK_H + 34
    (low,) = found(volume(5, 11, stop=(start, 11 * WEEK_H)), since=8 * WEEK_H)
    assert low.end is None


def test_a_rare_event_is_not_judged_by_hours_of_silence() -> None:
    rare = volume(3, 12, a_day=0.6)
    assert found(rare) == []
    assert seen_within_h(windows(rare), ALPHA) == [None] * WEEK_H


def test_a_full_stop_would_be_seen_within_what_is_said() -> None:
    usual = volume(8, 10)
    within = seen_within_h(windows(usual), ALPHA)
    for start in range(0, WEEK_H, 7):
        at = 10 * WEEK_H + start
        counts = np.concatenate([usual.counts, volume(9, 1).counts])
        counts[at:] = 0
        seen = [low.seen for low in found(volume_of(counts), since=at + 1)]
        said = within[start]
        assert said is not None
        # What came before the stop, in a window that reaches back, may show it sooner.
        assert not seen or seen[0] - at <= said + 3 or at + said > len(counts)


def test_hours_that_were_dropped_are_neither_judged_nor_an_example() -> None:
    start = 9 * WEEK_H + 24
    holiday = volume(5, 11, stop=(start, start + 24))
    dropped = np.zeros(len(holiday.counts), dtype=np.bool_)
    dropped[start : start + 24] = True
    kept = structs.replace(holiday, dropped=dropped)
    assert found(holiday, since=start)
    assert not [low for low in found(kept) if low.start < start + 24 and low.seen > start]
    week_later = start + WEEK_H + 12
    assert expected(kept, 12).mu[week_later] >= expected(holiday, 12).mu[week_later]


def test_an_hour_that_the_clock_moved_is_compared_with_the_same_one_by_the_clock() -> None:
    counts = np.zeros(10 * WEEK_H, dtype=np.int64)
    local = np.zeros(len(counts), dtype=np.int64)
    changed = 9 * WEEK_H + 48
    local[changed:] = 1
    for place in range(len(counts)):
        counts[place] = 50 if (place + local[place]) % 24 == 9 else 0
    moved = structs.replace(volume_of(counts), local_h=local)
    hourly = expected(moved, 1)
    after = [place for place in range(changed + 2, len(counts)) if counts[place]]
    assert all(hourly.mu[place + 1] == 50 for place in after)
    assert found(moved, since=changed) == []


def test_too_few_weeks_say_nothing() -> None:
    young = volume(4, 3)
    assert not np.isfinite(expected(young, 24).mu).any()
    assert found(young) == []


def test_the_probability_is_that_of_the_negative_binomial() -> None:
    # R: pnbinom(3, size = 5, mu = 10), pnbinom(0, size = 2, mu = 7)
    assert isclose(no_more_than(3, 10.0, 5.0), sum(_pmf(x, 10.0, 5.0) for x in range(4)))
    assert isclose(no_more_than(0, 7.0, 2.0), (2 / 9) ** 2)
    assert no_more_than(5, 0.0, 5.0) == 1.0
    assert 0.999 < no_more_than(2_000, 1_000.0, 100.0) <= 1.0


def _pmf(x: int, mu: float, k: float) -> float:
    ways = 1.0
    for i in range(1, x + 1):
        ways *= (i - 1 + k) / i
    return ways * float((mu / (mu + k)) ** x) * float((k / (k + mu)) ** k)


def test_a_test_is_made_only_where_zero_would_be_surprising() -> None:
    k = np.array([5.0, 20.0])
    least = surprising(k, ALPHA)
    for mu, each in zip(least, k, strict=True):
        assert no_more_than(0, mu * 1.001, each) < ALPHA < no_more_than(0, mu * 0.999, each)


def test_the_band_holds_what_is_usual() -> None:
    random = np.random.default_rng(1)
    low, high = band(40.0, 10.0)
    drawn = random.poisson(40 * random.gamma(10, 1 / 10, 20_000))
    assert np.mean((drawn >= low) & (drawn <= high)) == pytest.approx(0.95, abs=0.01)
    assert band(0.0, inf) == (0, 0)


def test_a_count_that_is_likely_by_itself_is_never_too_low() -> None:
    random = np.random.default_rng(5)
    told = too_low = 0
    for _ in range(2_000):
        mu, k = float(random.uniform(1, 3_000)), float(random.uniform(0.5, 400))
        count = float(int(mu * random.uniform(0, 1)))
        low = no_more_than(count, mu, k) < ALPHA
        assert not (likely(count, mu, k, ALPHA) and low), (count, mu, k)
        told += likely(count, mu, k, ALPHA)
        too_low += low
    assert min(told, too_low) > 200, "both were met"
    assert not likely(3, 0.0, 5.0, ALPHA)
