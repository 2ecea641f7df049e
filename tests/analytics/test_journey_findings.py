"""Stretches and levels in which people fail: planted ones are found, and chance finds none."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analytics.coded import coded
from analytics.dips import dips
from analytics.funnel_sessions import FunnelSessions
from analytics.gaps import gaps
from analytics.question import Window
from analytics.slots import HOUR, slots_of_width
from analytics.times import to_us

START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 14
SLOTS = slots_of_width(Window(START, START + timedelta(days=DAYS)), HOUR)
LEVELS = ("novice", "confirmed", "expert")
STEPS = 4
ON = (0.70, 0.80, 0.90)
"""The shares that go on from steps 1, 2 and 3."""
NOVICES_FAIL = (104, 110)
"""Hours in which novices hardly go on from step 2."""


def lived(
    seed: int,
    *,
    count: int = 8_000,
    failing: tuple[int, int] | None = None,
    failing_levels: tuple[str, ...] = ("novice",),
    behind: float = 0.0,
) -> FunnelSessions:
    """Sessions of a fortnight of office hours. `failing` are hours in which few of the levels go on
    from step 2; `behind` is by how much novices are less likely to go on from step 3."""
    random = np.random.default_rng(seed)
    day, hour = random.integers(0, DAYS, count), random.normal(13, 3, count).clip(0, 23.9)
    hours = day * 24 + hour
    level = random.choice(np.array(LEVELS, dtype=object), count, p=[0.4, 0.4, 0.2])
    depth = np.ones(count, dtype=np.int64)
    for step, share in enumerate(ON, 1):
        on = np.full(count, share)
        if step == 2 and failing:
            hit = (hours >= failing[0]) & (hours < failing[1]) & np.isin(level, failing_levels)
            on[hit] = 0.1
        if step == 3:
            on[level == "novice"] -= behind
        depth[(depth == step) & (random.random(count) < on)] += 1
    return FunnelSessions(
        level=coded(level.tolist()),
        visitor=np.arange(count, dtype=np.uint64),
        weight=np.ones(count),
        depth=depth,
        entered_us=(to_us(START) + hours * 3.6e9).astype(np.int64),
        settled=np.ones(count, dtype=np.bool_),
        took_s=np.full(count, np.nan),
    )


def test_hours_in_which_one_level_fails_at_a_step_are_found() -> None:
    (dip,) = dips(lived(1, failing=NOVICES_FAIL), STEPS, SLOTS, LEVELS)
    assert (dip.level, dip.step) == ("novice", 2)
    assert abs(dip.first - NOVICES_FAIL[0]) <= 1
    assert abs(dip.end - NOVICES_FAIL[1]) <= 1
    assert dip.share < 0.3
    assert dip.usual == pytest.approx(0.8, abs=0.02)
    assert dip.difference.low < -0.5 < -0.1 > dip.difference.high
    assert not dip.lasts


def test_a_failure_of_all_levels_is_told_of_everyone_once() -> None:
    (dip,) = dips(lived(2, failing=(104, 110), failing_levels=LEVELS), STEPS, SLOTS, LEVELS)
    assert (dip.level, dip.step) == ("", 2)


def test_a_failure_that_goes_on_lasts() -> None:
    (dip,) = dips(lived(3, failing=((DAYS - 1) * 24 + 12, DAYS * 24)), STEPS, SLOTS, LEVELS)
    assert dip.lasts


def test_a_level_behind_all_along_is_found_with_its_interval() -> None:
    (gap,) = gaps(lived(4, behind=0.12), STEPS, SLOTS, LEVELS)
    assert (gap.level, gap.step, gap.others) == ("novice", 3, ("confirmed", "expert"))
    assert gap.difference.low <= -0.12 <= gap.difference.high
    assert gap.difference.high < -0.08


def test_one_bad_day_is_no_habit() -> None:
    assert gaps(lived(5, failing=(4 * 24, 5 * 24)), STEPS, SLOTS, LEVELS) == []


def test_chance_alone_is_seldom_taken_for_a_finding() -> None:
    found = 0
    for seed in range(100):
        sessions = lived(1000 + seed, count=3_000)
        found += bool(dips(sessions, STEPS, SLOTS, LEVELS) or gaps(sessions, STEPS, SLOTS, LEVELS))
    assert found <= 5


def test_nobody_at_all_is_no_finding() -> None:
    nobody = lived(6, count=0)
    assert dips(nobody, STEPS, SLOTS, LEVELS) == []
    assert gaps(nobody, STEPS, SLOTS, LEVELS) == []
