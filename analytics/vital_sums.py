"""Vitals of views as sums by value: what days add up to, and quantiles and shares come from.

One row a page, level, device, vital and value. Besides how many views had the value, it holds what
makes the sums over sessions (estimates.ClusterSums) of "views at or below it" by adding rows up to
there: of a session with y views, the n-th from below adds y to the products of hits and trials, and
2 n - 1 to the squares of hits. analytics/clustered.py says it of weights that differ.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate
from analytics.coded import coded
from analytics.distinct import distinct
from analytics.estimates import ClusterSums, place_of, ratio_of, woodruff

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

KEYS = ("page", "level", "device", "vital", "value")
SUMS = (
    *("views", "weight", "weights_trials", "weights_ranks"),
    *("sessions", "session_weight", "session_squares"),
)


UNWEIGHTED = {"weight": "views", "session_weight": "sessions", "session_squares": "sessions"}
"""What stands for what where each session stands for itself: those columns are left out then."""


class Sums(Struct, frozen=True):
    """Of one page, level, device and vital: arrays of one length, by value, ascending. `running`
    has the sums of SUMS up to each."""

    page: str
    level: str
    device: str
    vital: str
    values: Floats
    running: dict[str, Floats]

    @property
    def views(self) -> int:
        return int(self.running["views"][-1])

    def quantile(self, q: float) -> Estimate:
        """With Woodruff's interval."""
        reached = self.running["weight"]
        point = place_of(reached, q)
        effective_n = ratio_of(self._below(point))[1]
        return woodruff(self.values, reached, q, effective_n, self._sessions)

    def at_most(self, limit: float) -> Estimate:
        """The share of views with a value up to `limit`."""
        return self._at_most(limit).share()

    def above(self, limit: float) -> Estimate:
        """The share of views with a value over `limit`."""
        return self._at_most(limit).of_others.share()

    def _at_most(self, limit: float) -> ClusterSums:
        return self._below(int(np.searchsorted(self.values, limit, side="right")) - 1)

    @property
    def _sessions(self) -> int:
        return int(self.running["sessions"][-1])

    def _below(self, place: int) -> ClusterSums:
        """Views at or below the value at `place`; -1: none."""

        def up_to(name: str) -> float:
            return float(self.running[name][place]) if place >= 0 else 0.0

        return ClusterSums(
            sessions=self._sessions,
            weight=float(self.running["session_weight"][-1]),
            weight_squares=float(self.running["session_squares"][-1]),
            trials=float(self.running["weight"][-1]),
            hits=up_to("weight"),
            trials_squares=float(self.running["weights_trials"][-1]),
            products=up_to("weights_trials"),
            hits_squares=up_to("weights_ranks"),
        )


def merged(table: pa.Table, *, by_device: bool) -> Iterator[Sums]:
    """Rows of several parts added up: of each page and vital for all levels, and by level; with
    `by_device`, of each of these by device as well. Of levels and devices "" is all."""
    texts = {name: coded(table[name]) for name in KEYS[:-1]}
    names = {name: each.names for name, each in texts.items()}
    known, value = distinct(table["value"].to_numpy())
    sums = {name: table[name].to_numpy() for name in SUMS if name in table.column_names}
    columns = [each.codes for each in texts.values()]
    sizes = [max(1, len(each)) for each in names.values()]
    columns, value, sums = _added([*columns, value], [*sizes, max(1, len(known))], sums)
    for levels in (False, True):
        for devices in (False, True) if by_device else (False,):
            chosen = [True, levels, devices, True]
            part = [
                each if kept else np.zeros_like(each)
                for each, kept in zip(columns, chosen, strict=True)
            ]
            keys, place, added = _added([*part, value], [*sizes, max(1, len(known))], sums)
            yield from _split(keys, known[place], added, names, levels, devices)


def _added(
    columns: list[Places], sizes: list[int], sums: dict[str, Floats]
) -> tuple[list[Places], Places, dict[str, Floats]]:
    """Rows of the same numbers in all columns added up, in the order of the columns."""
    codes = np.zeros(len(columns[0]), dtype=np.int64)
    for column, size in zip(columns, sizes, strict=True):
        codes = codes * size + column
    keys, at = distinct(codes)
    found: list[Places] = []
    for size in reversed(sizes):
        keys_left, number = np.divmod(keys, size)
        found.append(number)
        keys = keys_left
    *rest, value = reversed(found)
    added = {name: np.bincount(at, each, len(value)) for name, each in sums.items()}
    return rest, value, {name: each.astype(np.float64) for name, each in added.items()}


def _split(
    columns: list[Places],
    values: Floats,
    sums: dict[str, Floats],
    names: dict[str, tuple[str, ...]],
    levels: bool,
    devices: bool,
) -> Iterator[Sums]:
    if not len(values):
        return
    differs = np.zeros(len(values), dtype=np.bool_)
    differs[0] = True
    for column in columns:
        differs[1:] |= column[1:] != column[:-1]
    edges = [*np.flatnonzero(differs).tolist(), len(values)]
    for begin, end in pairwise(edges):
        page, level, device, vital = (int(column[begin]) for column in columns)
        running = {name: np.cumsum(each[begin:end]) for name, each in sums.items()}
        yield Sums(
            page=names["page"][page],
            level=names["level"][level] if levels else "",
            device=names["device"][device] if devices else "",
            vital=names["vital"][vital],
            values=values[begin:end],
            running={name: running.get(name, running[UNWEIGHTED.get(name, name)]) for name in SUMS},
        )
