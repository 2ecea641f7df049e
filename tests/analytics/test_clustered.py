"""Figures of things in order are those of their sessions, summed anew for each."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.clustered import InOrder
from analytics.estimates import ClusterSums, ratio_of, woodruff
from tests.support.estimates import assert_same, ordered

LIMITS = (-1.0, 0.0, 3.0, 8.0, 10.0, 11.0)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("alike", [True, False], ids=["one weight a session", "several"])
def test_figures_are_those_of_each_limit_by_itself(seed: int, alike: bool) -> None:
    random = np.random.default_rng(seed)
    sessions = int(random.integers(1, 400))
    things = int(random.integers(1, 1_000))
    session = random.integers(0, sessions, things)
    weight = random.choice([1.0, 5.0], sessions)[session]
    if not alike:
        weight = random.choice([1.0, 5.0], things)
    values = np.sort(random.integers(0, 11, things).astype(np.float64))
    trials = np.bincount(session, weight, sessions)
    mean = trials / np.maximum(np.bincount(session, minlength=sessions), 1)
    found = InOrder(values, session, weight)

    def slow(hits: NDArray[Any]) -> ClusterSums:
        """Of sessions that have one weight each, and as many things as come to theirs."""
        met = np.bincount(session[hits], weight[hits], sessions)
        there = mean > 0
        return ClusterSums.of(met[there] / mean[there], trials[there] / mean[there], mean[there])

    for limit in LIMITS:
        assert_same(found.at_most(limit), slow(values <= limit).share())
        assert_same(found.above(limit), slow(values > limit).share())
        assert found.at_most(limit, visitors=1).value is None
    for q in (0.5, 0.75):
        reached = np.cumsum(weight)
        point = values[np.searchsorted(reached, q * reached[-1] * (1 - 1e-12))]
        effective_n = ratio_of(slow(values <= point))[1]
        assert_same(
            found.quantile(q),
            woodruff(values, reached, q, effective_n, int(np.count_nonzero(trials))),
        )


USERS, RATE, SAMPLES, POOR = 1_500, 0.2, 400, 1 / 3


def views_of_users(random: np.random.Generator) -> tuple[NDArray[Any], ...]:
    """Views of a sample of users, beside which all sessions with an error are kept: whether each
    was poor, whose it is, its weight. Who has poor views meets errors more often."""
    often = random.beta(1.0, 2.0, USERS)
    user = np.repeat(np.arange(USERS), random.integers(1, 6, USERS))  # of each session
    failed = random.random(len(user)) < 0.1 + 0.4 * often[user]
    session = np.repeat(np.arange(len(user)), random.integers(1, 4, len(user)))  # of each view
    who, weight = user[session], np.where(failed, 1.0, 1 / RATE)[session]
    poor = random.random(len(who)) < often[who]
    there = (random.random(USERS) < RATE)[who] | failed[session]
    return poor[there].astype(float), who[there], weight[there]


def test_a_share_of_users_views_holds_the_truth_although_their_sessions_differ_in_weight() -> None:
    random, held = np.random.default_rng(11), 0
    for _ in range(SAMPLES):
        share = ordered(*views_of_users(random)).above(0.5)
        assert share.low is not None
        assert share.high is not None
        held += share.low <= POOR <= share.high
    assert 0.93 <= held / SAMPLES <= 0.97
