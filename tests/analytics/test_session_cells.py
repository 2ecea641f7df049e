"""Shares of cells of sessions are what all their sessions, looked at one by one, say."""

import numpy as np
import pytest

from analytics import session_cells
from analytics.basis import Withheld
from analytics.funnel_sessions import share_of
from analytics.session_cells import SessionCells
from tests.support.estimates import assert_same

CELLS = 12


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("first", [20, session_cells.FIRST])
def test_shares_are_those_of_the_sessions(
    seed: int, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_cells, "FIRST", first)
    random = np.random.default_rng(seed)
    count = int(random.integers(0, 5_000))
    cell = random.integers(0, CELLS, count)
    weight = random.choice([1.0, 5.0, 20.0], count)
    visitor = random.integers(0, int(random.integers(1, 12)), count).astype(np.uint64)
    cells = SessionCells(cell, CELLS, weight, visitor)
    for _ in range(10):
        among = random.choice(CELLS, int(random.integers(1, CELLS)), replace=False)
        did = among[random.random(len(among)) < 0.5]
        slow = share_of(weight, visitor, np.isin(cell, did), np.isin(cell, among))
        found = cells.share(did, among)
        assert_same(found, slow)


def test_all_of_many_sessions_are_looked_at_before_visitors_are_said_to_be_few() -> None:
    one = np.zeros(1_000, dtype=np.uint64)
    late = one.copy()
    late[-4:] = [1, 2, 3, 4]
    cell, weight = np.zeros(1_000, dtype=np.intp), np.ones(1_000)
    assert SessionCells(cell, 1, weight, late).share([], [0]).withheld is None
    share = SessionCells(cell, 1, weight, one).share([], [0])
    assert share.withheld is Withheld.TOO_FEW_VISITORS


def test_places_are_those_of_the_sessions_of_the_cells() -> None:
    cell = np.array([2, 0, 1, 2, 0], dtype=np.intp)
    cells = SessionCells(cell, 4, np.ones(5), np.arange(5, dtype=np.uint64))
    assert cells.places([2, 0]).tolist() == [0, 3, 1, 4]
    assert cells.places([3]).tolist() == []
