"""Sessions put into numbered cells, one each, and shares of those of some cells among others: a
pass over all sessions, whatever is asked then."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate
from analytics.coded import Places
from analytics.estimates import VISITORS_MIN, Floats, share
from analytics.visitors import Hashes

LOOKED_AT = 4 * VISITORS_MIN
"""Sessions of each cell, before all are."""

FIRST = 20_000
"""Sessions of all cells, before those of each are put together."""

Cell = NDArray[np.intp]


class SessionCells:
    """By cell, how many `sessions` there are, the sums of their `weight` and of its `squares`."""

    def __init__(
        self, cell: Places, cells: int, weight: NDArray[np.float64], visitor: Hashes
    ) -> None:
        """Arrays of one length, a session each; `cell` is below `cells`."""
        self.sessions = np.bincount(cell, minlength=cells)
        self._cell = cell
        self._weights = weight
        self._visitor = visitor
        self.weight = self._summed(weight)

    @cached_property
    def squares(self) -> Floats:
        return self._summed(np.square(self._weights))

    def _summed(self, values: Floats) -> Floats:
        """By cell; where each session stands for itself, or for as many as others, all values are
        alike, and counting is enough."""
        if len(values) and values[0] == values.min() == values.max():
            alike: Floats = self.sessions * values[0]
            return alike
        return np.bincount(self._cell, values, len(self.sessions)).astype(np.float64)

    def share(self, did: Sequence[int] | Cell, among: Sequence[int] | Cell) -> Estimate:
        """The share of the sessions of the cells `did` among those of the cells `among`."""
        weight, squares = self._sums
        return share(
            sum(weight[cell] for cell in did),
            sum(weight[cell] for cell in among),
            sum(squares[cell] for cell in among),
            self.visitors(among),
            successes_squares=sum(squares[cell] for cell in did),
        )

    def visitors(self, cells: Sequence[int] | Cell) -> int:
        """How many visitors the sessions of the cells are of, at least: as many as matter. The
        first ones tell as a rule, and to count all is costly."""
        found: set[int] = set()
        for looked_at in self._looked_at():
            stretches = looked_at.stretches(cells)
            for first, end in stretches:
                some = looked_at.order[first : min(end, first + LOOKED_AT)]
                found.update(self._visitor[some].tolist())
                if len(found) >= VISITORS_MIN:
                    return len(found)
        if all(end - first <= LOOKED_AT for first, end in stretches):
            return len(found)
        return len(np.unique(self._visitor[self.places(cells)]))

    def places(self, cells: Sequence[int] | Cell) -> NDArray[np.intp]:
        """Of the sessions of the cells."""
        parts = [self._all.order[first:end] for first, end in self._all.stretches(cells)]
        return np.concatenate([np.empty(0, dtype=np.intp), *parts])

    def _looked_at(self) -> Iterator["_ByCell"]:
        """The first sessions, and all."""
        if len(self._cell) > FIRST:
            yield self._first
        yield self._all

    @cached_property
    def _sums(self) -> tuple[list[float], list[float]]:
        """Of few cells, sums are told from lists in a tenth of the time."""
        return self.weight.tolist(), self.squares.tolist()

    @cached_property
    def _first(self) -> "_ByCell":
        cell = self._cell[:FIRST]
        return _ByCell.of(cell, np.bincount(cell, minlength=len(self.sessions)))

    @cached_property
    def _all(self) -> "_ByCell":
        return _ByCell.of(self._cell, self.sessions)


class _ByCell(Struct, frozen=True):
    """The places of sessions, cell after cell, and where each cell begins."""

    order: NDArray[np.intp]
    begins: Cell

    @classmethod
    def of(cls, cell: Places, sessions: Cell) -> "_ByCell":
        # Of numbers of 16 bits, a stable sort takes a twentieth of the time.
        order = np.argsort(cell.astype(np.min_scalar_type(len(sessions))), kind="stable")
        return cls(order, np.concatenate([[0], np.cumsum(sessions)]))

    def stretches(self, cells: Sequence[int] | Cell) -> list[tuple[int, int]]:
        """Of each of the cells, where its sessions begin and end in the order."""
        return [(int(self.begins[cell]), int(self.begins[cell + 1])) for cell in cells]
