"""Where users are drawn, a share of sessions holds the truth 93 to 97 times in 100: sessions of one
user are alike, and an interval that took each for a draw of its own would be too narrow."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.coded import Coded
from analytics.funnel_depths import depths
from analytics.funnel_sessions import FunnelSessions, share_of
from analytics.people import by_slot
from analytics.slots import Slots

USERS = 20_000
SAMPLES = 1_000
RATE = 0.02
LEVELS = ("novice", "expert")
STEPS = 3
PAIRS = ((2, 1), (3, 2), (3, 1))
"""The step come to, and that of those among whom the share is."""
TWO_HOURS = Slots(3_600_000_000, 0, 2)


@cache
def population() -> tuple[FunnelSessions, NDArray[np.int64]]:
    """Sessions of users who come often or seldom, and go on as is their way; and whose each is."""
    random = np.random.default_rng(11)
    sessions = random.geometric(0.25, USERS)
    of = np.repeat(np.arange(USERS), sessions)
    novice = random.random(USERS) < 0.4
    goes_on = random.beta(1.2, 1.2, USERS) * np.where(novice, 0.8, 1.0)
    count = len(of)
    second = random.random(count) < goes_on[of]
    third = second & (random.random(count) < goes_on[of])
    entered = FunnelSessions(
        level=Coded(np.where(novice[of], 0, 1), LEVELS),
        visitor=of.astype(np.uint64),
        weight=np.ones(count),
        depth=1 + second.astype(np.int64) + third,
        entered_us=np.where(of < USERS // 2, 0, TWO_HOURS.width_us).astype(np.int64),
        settled=np.ones(count, dtype=np.bool_),
        took_s=np.full(count, np.nan),
        of_users=True,
    )
    return entered, of


def taken(entered: FunnelSessions, places: NDArray[np.intp], *, clustered: bool) -> FunnelSessions:
    return FunnelSessions(
        **{
            name: getattr(entered, name)[places]
            for name in FunnelSessions.__struct_fields__
            if name not in ("parts", "of_users")
        },
        of_users=clustered,
    )


@cache
def held(clustered: bool) -> dict[tuple[str, int, int], float]:
    """How often each interval held the truth, by level ("" for everyone) and pair of steps."""
    entered, of = population()
    truths = {
        (level, *pair): float((depth >= pair[0]).sum() / (depth >= pair[1]).sum())
        for level in ("", *LEVELS)
        for depth in [entered.depth[entered.level.are(level) | (level == "")]]
        for pair in PAIRS
    }
    random, counts = np.random.default_rng(12), dict.fromkeys(truths, 0)
    for _ in range(SAMPLES):
        drawn = np.flatnonzero((random.random(USERS) < RATE)[of])
        sample = taken(entered, drawn, clustered=clustered)
        for level in ("", *LEVELS):
            found = depths(sample, sample.level.are(level) | (level == ""), STEPS)
            for pair in PAIRS:
                each = found.share(*pair)
                assert each.low is not None
                assert each.high is not None
                counts[level, *pair] += each.low <= truths[level, *pair] <= each.high
    return {key: count / SAMPLES for key, count in counts.items()}


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("level", ["", *LEVELS])
def test_an_interval_holds_the_truth_95_times_in_100(level: str, pair: tuple[int, int]) -> None:
    assert 0.93 <= held(True)[level, *pair] <= 0.97


@pytest.mark.parametrize("slot", range(TWO_HOURS.count))
def test_a_slot_of_a_journey_holds_the_truth_95_times_in_100(slot: int) -> None:
    entered, of = population()
    inside = entered.entered_us // TWO_HOURS.width_us == slot
    truth = float((entered.depth[inside] == STEPS).mean())
    random, held_truth = np.random.default_rng(13 + slot), 0
    for _ in range(SAMPLES):
        sample = taken(entered, np.flatnonzero((random.random(USERS) < RATE)[of]), clustered=True)
        share = by_slot(sample, STEPS, TWO_HOURS, ()).passed[""][slot]
        assert share.low is not None
        assert share.high is not None
        held_truth += share.low <= truth <= share.high
    assert 0.93 <= held_truth / SAMPLES <= 0.97


def test_what_leaving_goes_with_is_as_sure_as_the_funnel() -> None:
    entered, _ = population()
    everyone = np.ones(len(entered.depth), dtype=np.bool_)
    one = depths(entered, everyone, STEPS).share(2, 1)
    other = share_of(
        entered.weight, entered.visitor, entered.depth >= 2, everyone, of_users=entered.of_users
    )
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_sessions_taken_for_draws_of_their_own_would_promise_too_much() -> None:
    assert held(False)["", 2, 1] < 0.85
