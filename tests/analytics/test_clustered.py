"""Sums of the first things of an order are those of their sessions, summed anew."""

import numpy as np
import pytest

from analytics.clustered import sums_of_first
from analytics.estimates import ClusterSums


@pytest.mark.parametrize("seed", range(20))
def test_sums_are_those_of_each_end_by_itself(seed: int) -> None:
    random = np.random.default_rng(seed)
    sessions = int(random.integers(1, 400))
    things = int(random.integers(1, 1_000))
    session = random.integers(0, sessions, things)
    weight = random.choice([1.0, 5.0], sessions)
    ends = [0, things, *random.integers(0, things + 1, 4).tolist()]
    found = sums_of_first(session, weight[session], ends)
    trials = np.bincount(session, minlength=sessions).astype(np.float64)
    for end, sums in zip(ends, found, strict=True):
        hits = np.bincount(session[:end], minlength=sessions).astype(np.float64)
        slow = ClusterSums.of(hits, trials, weight)
        for name in ClusterSums.__struct_fields__:
            assert getattr(sums, name) == pytest.approx(getattr(slow, name)), name
        others = ClusterSums.of(trials - hits, trials, weight)
        for name in ClusterSums.__struct_fields__:
            assert getattr(sums.of_others, name) == pytest.approx(getattr(others, name)), name
