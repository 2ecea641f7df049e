"""Walks counted: the top pages of each step, the rest together, and the links between steps."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.cohort import Cohort
from analytics.path_steps import END, EVENT, NONE, OPEN, Codes, Numbers, Walks
from analytics.reports.paths_types import NodeKind, PathLink, PathNode

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
    """The nodes and links of walks; `place` holds each walk's node at each step, -1 for none."""

    nodes: tuple[PathNode, ...]
    links: tuple[PathLink, ...]
    place: Codes


def counted(walks: Walks, cohort: Cohort, naming: Naming, top: int) -> Counted:
    """`cohort` has one session a walk, in the walks' order."""
    nodes: list[PathNode] = []
    columns: list[Codes] = []
    everyone = cohort.among()
    for step, codes in zip(walks.steps, walks.codes.T, strict=True):
        met = _with_other(codes, cohort, top)
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
        columns.append(rank[met.place][codes - LOWEST])
        nodes += [found[at] for at in order]
    places = np.stack(columns).T
    return Counted(tuple(nodes), tuple(_links(walks.steps, places, cohort, len(nodes))), places)


def _with_other(codes: Codes, cohort: Cohort, top: int) -> _Met:
    """Pages beyond the `top` ones, by weight and then by name, are OTHER."""
    sessions = np.bincount(codes - LOWEST, minlength=-LOWEST)
    weights = np.bincount(codes - LOWEST, cohort.weight, len(sessions)).astype(np.float64)
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


def _links(steps: Sequence[int], places: Codes, cohort: Cohort, nodes: int) -> list[PathLink]:
    links: list[PathLink] = []
    for column, step in enumerate(steps[:-1]):
        source, target = places[:, column], places[:, column + 1]
        pair = (source + 1) * (nodes + 1) + target + 1  # 0 of either: none there
        sessions = np.bincount(pair)
        weights = np.bincount(pair, cohort.weight, len(sessions))
        near = np.where((source >= 0) & (target >= 0), source if step >= 0 else target, -1)
        whole = cohort.among_each(near, nodes)
        for each in np.flatnonzero(sessions).tolist():
            one, other = (place - 1 for place in divmod(each, nodes + 1))
            if one < 0 or other < 0:
                continue
            links.append(
                PathLink(
                    step=step,
                    source=one,
                    target=other,
                    sessions=int(sessions[each]),
                    weight=float(weights[each]),
                    share=whole[one if step >= 0 else other].share(float(weights[each])),
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
