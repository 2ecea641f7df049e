"""How long batches waited from their arrival until their rows were in the store."""

from collections import deque
from collections.abc import Iterable

import numpy as np
from msgspec import Struct

BOUNDS_S = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
LATEST_MAX = 5_000
"""Batches that the quantiles are of."""


class Waits(Struct, frozen=True, kw_only=True):
    """`counts` are of each of BOUNDS_S, those above all of them last. The quantiles are of the
    latest LATEST_MAX batches; None before the first."""

    counts: tuple[int, ...] = (0,) * (len(BOUNDS_S) + 1)
    total_s: float = 0.0
    p50_s: float | None = None
    p95_s: float | None = None


class WaitTally:
    """Counts waits since the start, and knows the latest. For one thread."""

    def __init__(self) -> None:
        self._counts = np.zeros(len(BOUNDS_S) + 1, np.int64)
        self._total_s = 0.0
        self._latest: deque[float] = deque(maxlen=LATEST_MAX)

    def add(self, waits_s: Iterable[float]) -> None:
        """A wait below 0, after a clock was set back, counts as none."""
        waits = np.maximum(np.fromiter(waits_s, np.float64), 0.0)
        places = np.searchsorted(BOUNDS_S, waits, side="left")
        self._counts += np.bincount(places, minlength=len(BOUNDS_S) + 1)
        self._total_s += float(waits.sum())
        self._latest.extend(waits[-LATEST_MAX:].tolist())

    def told(self) -> Waits:
        ordered = sorted(self._latest)
        return Waits(
            counts=tuple(self._counts.tolist()),
            total_s=self._total_s,
            p50_s=_quantile(ordered, 0.50),
            p95_s=_quantile(ordered, 0.95),
        )


def _quantile(ordered: list[float], share: float) -> float | None:
    """The nearest rank."""
    if not ordered:
        return None
    return ordered[max(0, -(-int(share * 100) * len(ordered) // 100) - 1)]
