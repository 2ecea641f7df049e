"""The distinct values of an array, looked up or hashed, are what sorting finds."""

import numpy as np
import pytest

from analytics.distinct import distinct

CHANCE = np.random.default_rng(5)
ARRAYS = {
    "few": CHANCE.integers(-40, 60, 5_000),
    "far apart": CHANCE.integers(-(1 << 62), 1 << 62, 5_000),
    "all there are": np.array([np.iinfo(np.int64).max, np.iinfo(np.int64).min, 0, 0]),
    "hashes": CHANCE.integers(0, 1 << 63, 300, dtype=np.uint64).repeat(3),
    "fractions": np.round(CHANCE.normal(0, 2, 5_000), 1) + 0.0,
    "none": np.empty(0, dtype=np.int64),
    "one": np.array([7]),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_values_and_places_are_those_that_sorting_finds(name: str) -> None:
    known, place = distinct(ARRAYS[name])
    wanted, places = np.unique(ARRAYS[name], return_inverse=True)
    assert known.dtype == wanted.dtype
    assert known.tolist() == wanted.tolist()
    assert place.tolist() == places.tolist()
