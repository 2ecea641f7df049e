"""Walks counted: the top pages of each step, the rest together, and the links between steps."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.cohort import Cohort, Denominator
from analytics.path_steps import END, EVENT, NONE, OPEN, Codes, Numbers, Walks
from analytics.reports.paths_types import NodeKind, PathLink, PathNode
from analytics.session_cells import SessionCells

Floats = NDArray[np.float64]

OTHER = -5
LOWEST = OTHER
"""Of all codes."""
_KINDS = {EVENT: NodeKind.EVENT, OPEN: NodeKind.OPEN, OTHER: NodeKind.OTHER}
_LAST = {NodeKind.OTHER: 1, NodeKind.ENTRY: 2, NodeKind.OPEN: 3, NodeKind.EXIT: 4}
"""What stands below the pages of a step, in this order."""


class Naming(Struct, frozen=True):
    """What the codes of pages and of the event mean."""

    pages: Sequence[str]
    event: str


class _Met(Struct, frozen=True):
    """The codes met at a step, and their sessions and weights; `place` holds where each code there
    may be, from LOWEST on, is among them, -1 for none."""

    codes: list[int]
    place: Numbers
    sessions: Numbers
    weights: Floats


class Counted(Struct, frozen=True):
    """The nodes and links of walks; `place` has an array a step: each walk's node there, -1 for
    none."""

    nodes: tuple[PathNode, ...]
    links: tuple[PathLink, ...]
    place: tuple[Codes, ...]


def counted(walks: Walks, cohort: Cohort, naming: Naming, top: int) -> Counted:
    """`cohort` has one session a walk, in the walks' order."""
    nodes: list[PathNode] = []
    columns: list[Codes] = []
    everyone = cohort.among()
    for step, codes in zip(walks.steps, walks.codes, strict=True):
        above = codes - LOWEST
        met = _with_other(cohort.in_cells(above, len(naming.pages) - LOWEST), top)
        found = [
            PathNode(
                step=step,
                kind=_kind(code, step),
                name=_name(code, naming),
                sessions=int(sessions),
                weight=float(weight),
                share=everyone.share(float(weight)),
            )
            for code, sessions, weight in zip(met.codes, met.sessions, met.weights, strict=True)
        ]
        order = sorted(
            range(len(found)),
            key=lambda at: _rank(met.codes[at], step, found[at].weight, naming),
        )
        rank = np.full(len(found) + 1, -1, dtype=np.int32)  # the last is of codes without a node
        rank[order] = np.arange(len(nodes), len(nodes) + len(found))
        columns.append(rank[met.place][above])
        nodes += [found[at] for at in order]
    places = tuple(columns)
    return Counted(tuple(nodes), tuple(_links(walks.steps, places, cohort, len(nodes))), places)


def _with_other(by_code: SessionCells, top: int) -> _Met:
    """Pages beyond the `top` ones, by weight and then by name, are OTHER; cells are by how much a
    code is above LOWEST."""
    sessions, weights = by_code.sessions, by_code.weight
    pages = np.flatnonzero(sessions[-LOWEST:])
    # By whole sessions first: weights summed in another order may differ in their last digit.
    ranked = pages[np.lexsort((pages, -np.round(weights[-LOWEST:][pages], 6)))]
    kept = np.arange(len(sessions)) + LOWEST
    kept[ranked[top:] - LOWEST] = OTHER
    met = (sessions > 0) & (kept != NONE)
    found, at = np.unique(kept[met], return_inverse=True)
    place = np.full(len(sessions), -1)
    place[met] = at
    return _Met(
        codes=found.tolist(),
        place=place,
        sessions=np.bincount(at, sessions[met], len(found)).astype(np.int64),
        weights=np.bincount(at, weights[met], len(found)).astype(np.float64),
    )


def _links(
    steps: Sequence[int], places: Sequence[Codes], cohort: Cohort, nodes: int
) -> list[PathLink]:
    links: list[PathLink] = []
    width = nodes + 1  # the first of those at none
    for step, (source, target) in zip(steps[:-1], pairwise(places), strict=True):
        pairs = cohort.in_cells((source + 1) * width + target + 1, width * width)
        found = [divmod(cell, width) for cell in np.flatnonzero(pairs.sessions).tolist()]
        there = [(one, other) for one, other in found if one and other]
        near: dict[int, list[int]] = {}
        for one, other in there:
            near.setdefault(one if step >= 0 else other, []).append(one * width + other)
        whole = {node: Denominator.of(pairs, cells) for node, cells in near.items()}
        for one, other in there:
            cell = one * width + other
            weight = float(pairs.weight[cell])
            links.append(
                PathLink(
                    step=step,
                    source=one - 1,
                    target=other - 1,
                    sessions=int(pairs.sessions[cell]),
                    weight=weight,
                    share=whole[one if step >= 0 else other].share(weight),
                )
            )
    return links


def _kind(code: int, step: int) -> NodeKind:
    if code == END:
        return NodeKind.EXIT if step > 0 else NodeKind.ENTRY
    return _KINDS.get(code, NodeKind.PAGE)


def _name(code: int, naming: Naming) -> str:
    if code == EVENT:
        return naming.event
    return naming.pages[code] if code >= 0 else ""


def _rank(code: int, step: int, weight: float, naming: Naming) -> tuple[int, float, str]:
    return _LAST.get(_kind(code, step), 0), -round(weight, 6), _name(code, naming)
