"""Shares of views that reached each mark are what each mark's sessions, summed anew, say."""

import numpy as np
import pytest

from analytics.estimates import VISITORS_MIN, clustered_share
from analytics.reached import shares_reaching

MARKS = 4


@pytest.mark.parametrize("seed", range(20))
def test_shares_are_those_of_each_mark_by_itself(seed: int) -> None:
    random = np.random.default_rng(seed)
    sessions = int(random.integers(1, 400))
    views = int(random.integers(1, 1_000))
    session = random.integers(0, sessions, views)
    reached = random.integers(0, MARKS + 1, views)
    weight = random.choice([1.0, 5.0], sessions)
    trials = np.bincount(session, minlength=sessions).astype(np.float64)
    found = shares_reaching(reached, MARKS, session, weight, VISITORS_MIN)
    assert len(found) == MARKS
    for mark, share in enumerate(found, 1):
        hits = np.bincount(session[reached >= mark], minlength=sessions).astype(np.float64)
        slow = clustered_share(hits, trials, weight, VISITORS_MIN)
        assert share.withheld == slow.withheld
        assert share.effective_n == pytest.approx(slow.effective_n)
        assert (share.value is None) == (slow.value is None)
        if share.value is not None:
            assert (share.value, share.low, share.high) == pytest.approx(
                (slow.value, slow.low, slow.high)
            )
