"""How sure a sampled figure is: 95 % intervals, and when a figure is withheld.

The formulas and limits are those of numbers.md, "Intervals". A `weight` is 1 / inclusion
probability of a session's detail; an unweighted sample has weights of 1.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate, Withheld

Z = 1.96
EFFECTIVE_N_MIN = 30
VISITORS_MIN = 5
SHARE_WIDTH_MAX = 0.30
ROUNDING = 1e-12
"""A variance below so small a part of what it is the difference of is none."""

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]


class Difference(Struct, frozen=True):
    """The difference of two figures with its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's score interval of a share seen in `n` (effective) trials, n > 0."""
    middle = share + Z**2 / (2 * n)
    half = Z * sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    scale = 1 + Z**2 / n
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def kish(total: float, squares: float) -> float:
    """The effective size of a weighted sample from the sum of its weights and of their squares."""
    return total**2 / squares if squares else 0.0


def share(
    successes: float,
    total: float,
    squares: float,
    visitors: int,
    *,
    successes_squares: float | None = None,
) -> Estimate:
    """A share of sessions, by Wilson: the weights of those that did, of all, squares of all's.

    `successes_squares`, the squares of the weights of those that did, is for weights that may go
    with what is counted (sessions with errors kept more often): the effective n is then
    R (1 - R) / Var, Var = sum w^2 (x - R)^2 / (sum w)^2. Without it, or for one weight, it is
    Kish's, which takes the two for independent.
    """
    if not total:
        return _share(0.0, 0.0, visitors)
    ratio = min(1.0, successes / total)
    if successes_squares is None or not 0 < ratio < 1:
        return _share(ratio, kish(total, squares), visitors)
    spread = successes_squares * (1 - 2 * ratio) + squares * ratio**2
    effective_n = min(ratio * (1 - ratio) * total**2 / spread, total) if spread > 0 else total
    return _share(ratio, effective_n, visitors)


def difference(one: tuple[float, float], other: tuple[float, float]) -> Difference:
    """`one` minus `other`, each a share and its effective n: Newcombe's hybrid score interval
    (Statistics in Medicine 17, 1998, method 10)."""
    return recovered((one[0], *wilson(*one)), (other[0], *wilson(*other)))


def recovered(one: tuple[float, float, float], other: tuple[float, float, float]) -> Difference:
    """`one` minus `other`, each a value with its interval, independent of each other: what is
    unsure of each is recovered from its own interval (Zou and Donner, Statistics in Medicine 27,
    2008)."""
    (value1, low1, high1), (value2, low2, high2) = one, other
    value = value1 - value2
    return Difference(
        value,
        value - sqrt((value1 - low1) ** 2 + (high2 - value2) ** 2),
        value + sqrt((high1 - value1) ** 2 + (value2 - low2) ** 2),
    )


class ClusterSums(Struct, frozen=True, kw_only=True):
    """What a share of things that come in sessions needs to be known of these: sums over sessions
    of weight w, trials y (things) and hits x. Each adds up, so parts of a sample can be read apart
    and put together."""

    sessions: float
    """That have trials."""
    weight: float
    weight_squares: float
    trials: float
    """w y."""
    hits: float
    """w x."""
    trials_squares: float
    """(w y)^2."""
    products: float
    """w^2 x y."""
    hits_squares: float
    """(w x)^2."""

    @classmethod
    def of(cls, hits: Floats, trials: Floats, weights: Floats) -> "ClusterSums":
        """Of sessions one by one, an element each.

        Sums of products, not `@`: BLAS would wake threads of its own for it (1 ms against 0.02).
        """
        present = trials > 0
        if not present.all():
            hits, trials, weights = hits[present], trials[present], weights[present]
        heavy_hits, heavy = weights * hits, weights * trials
        return cls(
            sessions=len(trials),
            weight=float(weights.sum()),
            weight_squares=float(np.square(weights).sum()),
            trials=float(heavy.sum()),
            hits=float(heavy_hits.sum()),
            trials_squares=float(np.square(heavy).sum()),
            products=float((heavy_hits * heavy).sum()),
            hits_squares=float(np.square(heavy_hits).sum()),
        )

    def with_other(self, gone: "ClusterSums", come: "ClusterSums") -> "ClusterSums":
        """The sums where some sessions, whose sums are `gone`, are others, whose are `come`."""
        return ClusterSums(
            **{
                name: getattr(self, name) - getattr(gone, name) + getattr(come, name)
                for name in ClusterSums.__struct_fields__
            }
        )

    def plus(self, more: "ClusterSums") -> "ClusterSums":
        """The sums of these sessions and of others."""
        return ClusterSums(
            **{
                name: getattr(self, name) + getattr(more, name)
                for name in ClusterSums.__struct_fields__
            }
        )

    @property
    def of_others(self) -> "ClusterSums":
        """The sums in which those are the hits that were not."""
        return ClusterSums(
            sessions=self.sessions,
            weight=self.weight,
            weight_squares=self.weight_squares,
            trials=self.trials,
            hits=self.trials - self.hits,
            trials_squares=self.trials_squares,
            products=self.trials_squares - self.products,
            hits_squares=self.trials_squares - 2 * self.products + self.hits_squares,
        )

    def share(self, visitors: int | None = None) -> Estimate:
        """The ratio of hits to trials, by Wilson with the clustered effective n. Unless told, every
        session counts as a visitor."""
        return _share(*ratio_of(self), int(self.sessions) if visitors is None else visitors)


def ratio_of(sums: ClusterSums) -> tuple[float, float]:
    """The ratio of hits to trials and its effective n, R (1 - R) / Var(R), never more than the
    trials that the sample stands for. Without variance (R 0 or 1) the sessions themselves are the
    sample."""
    if not sums.trials:
        return 0.0, 0.0
    ratio = min(1.0, sums.hits / sums.trials)
    n = sums.sessions
    spread = sums.hits_squares - 2 * ratio * sums.products + ratio**2 * sums.trials_squares
    if spread <= ROUNDING * sums.trials_squares:
        spread = 0.0
    variance = spread * n / (n - 1) / sums.trials**2 if n > 1 else 0.0
    if variance <= 0 or not 0 < ratio < 1:
        return ratio, kish(sums.weight, sums.weight_squares)
    return ratio, min(ratio * (1 - ratio) / variance, sums.trials)


def clustered_share(hits: Floats, trials: Floats, weights: Floats, visitors: int) -> Estimate:
    """A share of things that come in sessions (views, events): one element a session, its hits,
    its trials, its weight."""
    return ClusterSums.of(hits, trials, weights).share(visitors)


def users_share(
    weight: Floats, visitor: NDArray[np.uint64], successes: NDArray[np.bool_]
) -> Estimate:
    """The share of sessions that did, where users were drawn: those of one user are alike, and
    count as a cluster. An element a session."""
    users, user = np.unique(visitor, return_inverse=True)
    sums = [np.bincount(user, each, len(users)) for each in (weight * successes, weight)]
    hits, trials = (each.astype(np.float64) for each in sums)
    return clustered_share(hits, trials, np.ones(len(users)), len(users))


def quantiles_in_order(ordered: Floats, weights: Floats, wanted: Sequence[float]) -> list[Estimate]:
    """Quantiles of values one a session, which are in order, by Woodruff's interval; every session
    counts as a visitor. `weights` are the sessions'."""
    count = len(ordered)
    if not count:
        return [withheld(Withheld.NO_DATA, 0.0) for _ in wanted]
    reached, squares = np.cumsum(weights), np.cumsum(np.square(weights))
    found = []
    for q in wanted:
        below = int(np.searchsorted(ordered, _at(ordered, reached, q), side="right")) - 1
        total, hit = float(reached[-1]), float(reached[below])
        all_squares, hit_squares = float(squares[-1]), float(squares[below])
        sums = ClusterSums(
            sessions=count,
            weight=total,
            weight_squares=all_squares,
            trials=total,
            hits=hit,
            trials_squares=all_squares,
            products=hit_squares,
            hits_squares=hit_squares,
        )
        found.append(woodruff(ordered, reached, q, ratio_of(sums)[1], count))
    return found


def woodruff(
    ordered: Floats, reached: Floats, q: float, effective_n: float, visitors: int
) -> Estimate:
    """The `q` quantile and its interval: values, ascending, and the weight at or below each."""
    if reason := _too_few(effective_n, visitors):
        return withheld(reason, effective_n)
    half = Z * sqrt(q * (1 - q) / effective_n)
    return Estimate(
        value=_at(ordered, reached, q),
        low=_at(ordered, reached, max(0.0, q - half)),
        high=_at(ordered, reached, min(1.0, q + half)),
        effective_n=effective_n,
    )


def significant(p_values: Sequence[float], rate: float = 0.05) -> list[bool]:
    """Which of several tests hold at a false discovery rate: Benjamini and Hochberg, 1995."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    kept = 0
    for rank, index in enumerate(order, 1):
        if p_values[index] <= rate * rank / len(p_values):
            kept = rank
    holding = set(order[:kept])
    return [index in holding for index in range(len(p_values))]


def place_of(reached: NDArray[Any], q: float) -> int:
    """Where the smallest value stands at or below which a share `q` of the weight lies."""
    index = int(np.searchsorted(reached, q * reached[-1] * (1 - 1e-12)))
    return min(index, len(reached) - 1)


def _at(ordered: Floats, reached: NDArray[Any], q: float) -> float:
    return float(ordered[place_of(reached, q)])


def _share(value: float, effective_n: float, visitors: int) -> Estimate:
    if not effective_n:
        return withheld(Withheld.NO_DATA, 0.0)
    if reason := _too_few(effective_n, visitors):
        return withheld(reason, effective_n)
    low, high = wilson(value, effective_n)
    if high - low > SHARE_WIDTH_MAX:
        return withheld(Withheld.TOO_WIDE, effective_n)
    return Estimate(value=value, low=low, high=high, effective_n=effective_n)


def _too_few(effective_n: float, visitors: int) -> Withheld | None:
    if effective_n < EFFECTIVE_N_MIN:
        return Withheld.TOO_FEW_SESSIONS
    return Withheld.TOO_FEW_VISITORS if visitors < VISITORS_MIN else None


def withheld(reason: Withheld, effective_n: float) -> Estimate:
    return Estimate(value=None, low=None, high=None, effective_n=effective_n, withheld=reason)
