"""All stretches of days looked at in one pass: the one found is that of looking one by one."""

from math import sqrt

import numpy as np
import pytest

from analytics import vital_days
from analytics.estimates import EFFECTIVE_N_MIN
from analytics.vital_days import Floats, slowest


def one_by_one(n: Floats, hits: Floats, days_max: int) -> tuple[int, int, float, int] | None:
    best: tuple[float, int, int] | None = None
    looked = 0
    pooled = hits.sum() / n.sum() if n.sum() else 0.0
    for first in range(len(n)):
        for last in range(first, min(len(n), first + days_max)):
            inside = np.zeros(len(n), dtype=np.bool_)
            inside[first : last + 1] = True
            here, there = n[inside].sum(), n[~inside].sum()
            if here < EFFECTIVE_N_MIN or there < EFFECTIVE_N_MIN or here > there:
                continue
            looked += 1
            more = hits[inside].sum() / here - hits[~inside].sum() / there
            z = more / sqrt(max(pooled * (1 - pooled), 1e-9) * (1 / here + 1 / there))
            if best is None or z > best[0]:
                best = z, first, last
    return None if best is None else (best[1], best[2], best[0], looked)


@pytest.mark.parametrize("days", [0, 1, 4, 11, 30])
@pytest.mark.parametrize("days_max", [3, 60])
def test_the_stretch_that_stands_out_most_is_found(
    days: int, days_max: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vital_days, "STRETCH_DAYS_MAX", days_max)
    for seed in range(20):
        chance = np.random.default_rng(seed)
        n = chance.integers(1, 90, days).astype(np.float64)
        hits = n * chance.random(days)
        found, wanted = slowest(n, hits), one_by_one(n, hits, days_max)
        if wanted is None:
            assert found is None
            continue
        assert found is not None
        assert (found.first, found.last, found.looked) == (*wanted[:2], wanted[3])
        assert found.z == pytest.approx(wanted[2])
