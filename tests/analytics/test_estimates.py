"""Intervals hold the truth as often as they say, and figures too unsure to show are withheld."""

from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest
from msgspec import structs

from analytics.basis import Estimate, Withheld
from analytics.estimates import (
    ClusterSums,
    clustered_share,
    difference,
    kish,
    quantiles_in_order,
    share,
    significant,
    wilson,
)
from tests.support.estimates import ordered

SAMPLES = 1000


def covered(estimates: list[Estimate], truth: float) -> float:
    return sum(
        each.low is not None and each.high is not None and each.low <= truth <= each.high
        for each in estimates
    ) / len(estimates)


def sessions(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Views of each session, and each session's own share of failing views: 0.10 over all views.

    Failures cluster: a Beta(0.5, 4.5) share a session, whatever the number of its views.
    """
    return random.geometric(0.2, count), random.beta(0.5, 4.5, count)


def test_a_share_of_sessions_holds_the_truth_95_times_in_100() -> None:
    random = np.random.default_rng(1)
    found = random.binomial(400, 0.3, SAMPLES)
    assert 0.93 <= covered([share(x, 400, 400, 400) for x in found], 0.3) <= 0.97


def test_a_weighted_share_holds_the_truth_95_times_in_100() -> None:
    """Novices all kept, the others at 20 %; half the weight is novices', whose share is lower."""
    random = np.random.default_rng(2)
    novices, others = random.binomial(500, 0.2, SAMPLES), random.binomial(100, 0.4, SAMPLES)
    estimates = [
        share(x + 5 * y, 500 + 500, 500 + 100 * 25, 600)
        for x, y in zip(novices, others, strict=True)
    ]
    assert 0.93 <= covered(estimates, 0.3) <= 0.97


def test_a_share_of_views_holds_the_truth_95_times_in_100_although_sessions_cluster() -> None:
    random = np.random.default_rng(3)
    estimates = []
    naive = 0
    for _ in range(SAMPLES):
        views, failing = sessions(random, 500)
        hits = random.binomial(views, failing).astype(float)
        estimates.append(clustered_share(hits, views.astype(float), np.ones(500), 500))
        low, high = wilson(hits.sum() / views.sum(), views.sum())
        naive += low <= 0.1 <= high
    assert 0.93 <= covered(estimates, 0.1) <= 0.97
    assert naive / SAMPLES < 0.85, "views taken as if each were a session of its own"


@pytest.mark.parametrize("unequal", [False, True])
def test_a_quantile_holds_the_truth_95_times_in_100_although_sessions_cluster(
    unequal: bool,
) -> None:
    """A view's log time is its session's plus its own; kept at 1 or at 20 % by a coin."""
    random = np.random.default_rng(4)
    truth = float(np.exp(NormalDist(0, sqrt(0.5**2 + 0.4**2)).inv_cdf(0.75)))
    estimates = []
    for _ in range(SAMPLES):
        views = random.integers(1, 8, 400)
        clusters = np.repeat(np.arange(400), views)
        own = random.normal(0, 0.4, len(clusters))
        values = np.exp(random.normal(0, 0.5, 400)[clusters] + own)
        weights = random.choice([1.0, 5.0] if unequal else [1.0], 400)[clusters]
        estimates.append(ordered(values, clusters, weights).quantile(0.75))
    assert 0.93 <= covered(estimates, truth) <= 0.97


def test_a_difference_of_shares_holds_the_truth_95_times_in_100() -> None:
    random = np.random.default_rng(5)
    ones, others = random.binomial(300, 0.58, SAMPLES), random.binomial(500, 0.7, SAMPLES)
    held = 0
    for x, y in zip(ones, others, strict=True):
        found = difference((x / 300, 300), (y / 500, 500))
        held += found.low <= -0.12 <= found.high
    assert 0.93 <= held / SAMPLES <= 0.97


def test_wilson_gives_the_published_interval() -> None:
    """Newcombe 1998, table I: 81 of 263."""
    low, high = wilson(81 / 263, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_equal_weights_leave_the_sample_its_size() -> None:
    assert kish(5 * 40, 25 * 40) == 40
    assert share(20 * 5, 40 * 5, 40 * 25, 40) == share(20, 40, 40, 40)
    one_weight = share(20 * 5, 40 * 5, 40 * 25, 40, successes_squares=20 * 25)
    assert one_weight == share(20, 40, 40, 40)


@pytest.mark.parametrize(
    ("successes", "total", "visitors", "reason"),
    [
        (0, 0, 0, Withheld.NO_DATA),
        (0, 29, 29, Withheld.TOO_FEW_SESSIONS),
        (0, 30, 30, None),
        (0, 30, 4, Withheld.TOO_FEW_VISITORS),
        (17, 34, 34, Withheld.TOO_WIDE),
        (25, 50, 50, None),
    ],
)
def test_a_share_too_unsure_is_withheld_with_the_reason(
    successes: int, total: int, visitors: int, reason: Withheld | None
) -> None:
    found = share(successes, total, total, visitors)
    assert found.withheld is reason
    assert (found.value is None) is (found.low is None) is (reason is not None)


@pytest.mark.parametrize("seed", range(10))
def test_quantiles_of_values_in_order_are_those_of_one_a_session(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(0, 200))
    values = np.sort(random.integers(0, 40, count) / 2)
    weights = random.choice([1.0, 5.0], count)
    wanted = (0.5, 0.75, 0.99)
    slow = [ordered(values, np.arange(count), weights).quantile(q) for q in wanted]
    assert quantiles_in_order(values, weights, wanted) == pytest.approx(slow)


def test_a_quantile_of_few_sessions_is_withheld_however_many_their_views() -> None:
    few = ordered(np.arange(1000.0), np.arange(1000) % 4, np.ones(1000)).quantile(0.75)
    assert few.withheld is Withheld.TOO_FEW_VISITORS
    assert ordered(np.array([]), np.array([], int), np.array([])).quantile(0.75).withheld is (
        Withheld.NO_DATA
    )


def test_a_share_without_failures_is_as_sure_as_its_sessions_are_many() -> None:
    found = clustered_share(np.zeros(40), np.full(40, 10.0), np.ones(40), 40)
    assert (found.value, found.effective_n) == (0, 40)


def test_false_discoveries_are_bounded_over_a_list() -> None:
    assert significant([0.001, 0.04, 0.02, 0.9]) == [True, False, True, False]
    assert significant([]) == []


def test_sums_with_other_sessions_are_those_of_these() -> None:
    random = np.random.default_rng(7)
    weights = random.choice([1.0, 2.5, 5.0], 400)
    trials = random.integers(0, 6, 400).astype(np.float64)
    hits = np.minimum(random.integers(0, 6, 400), trials).astype(np.float64)
    some, fewer = slice(0, 150), np.maximum(trials - 2, 0)
    others_trials, others_hits = trials.copy(), hits.copy()
    others_trials[some], others_hits[some] = fewer[some], np.minimum(hits, fewer)[some]
    found = ClusterSums.of(hits, trials, weights).with_other(
        gone=ClusterSums.of(hits[some], trials[some], weights[some]),
        come=ClusterSums.of(others_hits[some], others_trials[some], weights[some]),
    )
    wanted = ClusterSums.of(others_hits, others_trials, weights)
    assert structs.astuple(found) == pytest.approx(structs.astuple(wanted))
    assert found.sessions < np.count_nonzero(trials), "those without trials left are none"
