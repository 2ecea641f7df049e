"""How many different visitors stand behind a figure, at least: shares need a few of them."""

import numpy as np
from numpy.typing import NDArray

from analytics.estimates import VISITORS_MIN

LOOKED_AT = 100

Hashes = NDArray[np.uint64]


def visitors_at_least(visitor: Hashes) -> int:
    """Of sessions' visitors: the first ones tell as a rule, and to count all is costly."""
    few = len(np.unique(visitor[:LOOKED_AT]))
    return few if few >= VISITORS_MIN else len(np.unique(visitor))


def visitors_by_slot(slot: NDArray[np.int64], visitor: Hashes, slots: int) -> list[int]:
    """The same of each slot from 0 up to `slots`; arrays of one length, an element a session."""
    order = np.argsort(slot, kind="stable")
    ends = np.searchsorted(slot[order], np.arange(slots + 1))
    return [
        visitors_at_least(visitor[order[first:end]])
        for first, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    ]
