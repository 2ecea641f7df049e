"""Simulated volumes of a business event: office hours, weeks that resemble each other, chance."""

import numpy as np

from analytics.expected import Volume

HOURS = np.array(
    (
        *([0.01] * 6),
        *(0.05, 0.12, 0.4, 1.0, 1.25, 1.15, 0.55, 0.4, 1.0),
        *(1.15, 1.1, 0.9, 0.55, 0.25, 0.12, 0.08, 0.04, 0.02),
    )
)
DAYS = np.array([1.08, 1.15, 1.02, 1.1, 0.95, 0.32, 0.05])
WEEK_H = 168


def volume(
    seed: int,
    weeks: int,
    *,
    a_day: float = 250.0,
    regularity: float = 25.0,
    stop: tuple[int, int] | None = None,
) -> Volume:
    """`a_day` on average over a week; days vary by 1 / sqrt(`regularity`) beyond chance. Nothing
    comes in the hours of `stop`."""
    random = np.random.default_rng(seed)
    shape = np.outer(DAYS, HOURS).ravel()
    usual = np.tile(shape / shape.sum() * a_day * 7, weeks)
    days = np.repeat(random.gamma(regularity, 1 / regularity, weeks * 7), 24)
    counts = random.poisson(usual * days).astype(np.int64)
    if stop:
        counts[stop[0] : stop[1]] = 0
    return volume_of(counts)


def volume_of(counts: np.ndarray) -> Volume:
    none = np.zeros(len(counts), dtype=np.bool_)
    return Volume(
        first=0,
        counts=counts.astype(np.int64),
        local_h=np.zeros(len(counts), dtype=np.int64),
        dropped=none,
        unlike=none,
    )
