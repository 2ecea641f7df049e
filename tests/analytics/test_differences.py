"""Two segments are told apart only as far as their sessions allow, and the words say how far."""

import numpy as np
import pytest

from analytics.basis import Estimate, Withheld
from analytics.differences import Comparison, Unit, Words, compare, compare_each
from analytics.estimates import difference, share
from tests.support.estimates import ordered

CONVERT = Words("novices", "experts", "convert less", "convert more")
SAMPLES = 1000


def of(successes: int, sessions: int) -> Estimate:
    return share(successes, sessions, sessions, sessions)


def test_a_difference_that_can_be_told_is_said_with_its_interval() -> None:
    found = compare(of(1200, 4000), of(1610, 4000), CONVERT)
    assert found.sentence == "novices convert less than experts: 8.2 to 12.3 points"
    assert found.told
    assert found.more_sessions is None
    assert compare(of(1610, 4000), of(1200, 4000), CONVERT).sentence == (
        "novices convert more than experts: 8.2 to 12.3 points"
    )


def test_shares_are_compared_by_newcombes_method() -> None:
    """Newcombe 1998, table II: 56 of 70 and 48 of 80."""
    found = compare(of(56, 70), of(48, 80), CONVERT)
    assert found.low is not None
    assert found.high is not None
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)
    assert found.low == pytest.approx(difference((56 / 70, 70), (48 / 80, 80)).low)


def test_a_difference_that_cannot_be_told_yet_says_how_many_more_sessions_would() -> None:
    found = compare(of(300, 1000), of(330, 1000), CONVERT)
    assert not found.told
    assert found.more_sessions == 5_600
    assert found.sentence == ("no difference can be told yet; about 5,600 more sessions would")


def test_so_many_more_sessions_tell_it_four_times_in_five() -> None:
    """Of a population as apart as the two samples were."""
    seen = compare(of(300, 1000), of(330, 1000), CONVERT)
    assert seen.more_sessions is not None
    each = (2000 + seen.more_sessions) // 2
    random = np.random.default_rng(1)
    ones, others = random.binomial(each, 0.30, SAMPLES), random.binomial(each, 0.33, SAMPLES)
    told = sum(
        compare(of(int(x), each), of(int(y), each), CONVERT).told
        for x, y in zip(ones, others, strict=True)
    )
    assert 0.77 <= told / SAMPLES <= 0.84


def test_more_sessions_are_those_of_the_site_not_of_the_sample() -> None:
    found = compare(of(300, 1000), of(330, 1000), CONVERT, sessions=10_000)
    assert found.more_sessions == 28_000


def test_two_that_are_alike_say_how_large_a_difference_can_be_at_most() -> None:
    found = compare(of(3000, 10_000), of(3001, 10_000), CONVERT)
    assert found.more_sessions is None
    assert found.sentence == "no difference can be told: if there is one, it is below 1.3 points"


def test_a_withheld_figure_is_compared_with_nothing() -> None:
    found = compare(of(3, 10), of(330, 1000), CONVERT)
    assert found == Comparison(
        value=None,
        low=None,
        high=None,
        told=False,
        more_sessions=None,
        sentence="too few sessions to compare novices with experts",
        withheld=Withheld.TOO_FEW_SESSIONS,
    )
    assert compare(of(330, 1000), of(3, 10), CONVERT).sentence == (
        "too few sessions to compare experts with novices"
    )


@pytest.mark.parametrize(
    ("low", "high", "unit", "said"),
    [
        (0.0004, 0.021, Unit.POINTS, "0.04 to 2.10 points"),
        (120.0, 1340.0, Unit.MILLISECONDS, "120 to 1,340 ms"),
        (0.021, 0.05, Unit.NONE, "0.02 to 0.05"),
        (1.24, 2.0, Unit.SECONDS, "1.2 to 2.0 s"),
    ],
)
def test_a_difference_is_said_in_its_unit(low: float, high: float, unit: Unit, said: str) -> None:
    middle, half = (low + high) / 2, (high - low) / 2
    sure = Estimate(value=1.0, low=1.0, high=1.0, effective_n=100)
    one = Estimate(value=1 + middle, low=1 + middle - half, high=1 + middle + half, effective_n=100)
    words = Words("phones", "", "wait less", "wait longer", unit)
    assert compare(one, sure, words).sentence == f"phones wait longer: {said}"


def test_a_difference_of_quantiles_holds_the_truth_95_times_in_100() -> None:
    """75th percentiles of views in sessions of unequal speed, kept at unequal rates."""
    random = np.random.default_rng(2)
    truth = float(np.exp(0.4) - 1) * float(np.exp(0.6744897501960817 * np.hypot(0.5, 0.4)))
    held = 0
    for _ in range(SAMPLES):
        slow, quick = (_p75(random, middle) for middle in (0.4, 0.0))
        found = compare(slow, quick, CONVERT)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 0.93 <= held / SAMPLES <= 0.97


def _p75(random: np.random.Generator, middle: float) -> Estimate:
    views = random.integers(1, 6, 300)
    clusters = np.repeat(np.arange(300), views)
    speed = random.normal(middle, 0.5, 300)[clusters] + random.normal(0, 0.4, len(clusters))
    weights = random.choice([1.0, 5.0], 300)[clusters]
    return ordered(np.exp(speed), clusters, weights).quantile(0.75)


def test_many_comparisons_of_what_does_not_differ_find_something_once_in_twenty() -> None:
    random = np.random.default_rng(3)
    words = [CONVERT] * 8
    alone = together = 0
    for _ in range(SAMPLES):
        ones = [of(int(random.binomial(500, 0.3)), 500) for _ in words]
        other = of(int(random.binomial(50_000, 0.3)), 50_000)
        together += any(each.told for each in compare_each(ones, other, words))
        alone += any(compare(one, other, CONVERT).told for one in ones)
    assert together / SAMPLES <= 0.07
    assert alone / SAMPLES > 0.2
