"""What leaving goes with, counted in one pass: shares are those of rows looked at one by one."""

import numpy as np
import pyarrow as pa
import pytest

from analytics.funnel_sessions import share_of
from analytics.question import PLAIN, Step
from analytics.reports.funnel_why import Trait, _rows
from tests.support.estimates import assert_same

STEPS = [Step(page=page) for page in ("a", "b", "c")]


@pytest.mark.parametrize("of_users", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_shares_are_those_of_the_rows(seed: int, of_users: bool) -> None:
    random = np.random.default_rng(seed)
    count = int(random.choice([0, 40, 3_000]))
    step, onward = random.integers(1, 3, count), random.random(count) < 0.6
    weight = random.choice([1.0, 5.0], count)
    visitor = random.integers(0, 4 + 300 * (seed % 2), count).astype(np.uint64)
    met = {trait: random.random(count) < 0.3 for trait in Trait}
    known = {
        trait: random.random(count) < (0.7 if trait in (Trait.SLOW_PAGE, Trait.POOR_VITALS) else 2)
        for trait in Trait
    }
    traits = {trait.value: pa.array(met[trait], pa.bool_(), mask=~known[trait]) for trait in Trait}
    rows = {"step": step, "visitor": visitor, "weight": weight, "onward": onward, **traits}
    found = _rows(pa.table(rows), STEPS, PLAIN, of_users=of_users)
    assert [(row.step, row.trait) for row in found] == [(n, t) for n in (1, 2) for t in Trait]
    for row in found:
        for side, estimate in ((~onward, row.dropped), (onward, row.went_on)):
            among = known[row.trait] & (step == row.step) & side
            slow = share_of(weight, visitor, met[row.trait], among, of_users=of_users)
            assert_same(estimate, slow)
