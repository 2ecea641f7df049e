"""The distinct values of an array without sorting them all, which is most of what an answer takes
where they are few."""

from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", np.int64, np.float64, np.uint64)

DENSE = 8
"""Whole numbers that span up to so many times as many are looked up, others are hashed."""


def distinct(values: NDArray[Scalar]) -> tuple[NDArray[Scalar], NDArray[np.int64]]:
    """The values there are, ascending, and of each element the place of its own among them: as
    np.unique(), but of numbers that are not NaN."""
    if values.dtype == np.int64 and len(values):
        least = values.min()
        span = int(values.max()) - int(least) + 1
        if span <= DENSE * len(values):
            above = values - least
            met = np.zeros(span, dtype=np.bool_)
            met[above] = True
            places = np.cumsum(met) - 1
            return (np.flatnonzero(met) + least).astype(values.dtype), places[above]
    found = pa.array(values).dictionary_encode()
    known = found.dictionary.to_numpy()
    order = np.argsort(known)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return known[order], place[found.indices.to_numpy()]
