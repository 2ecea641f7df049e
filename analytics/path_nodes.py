"""Walks counted: the top pages of each step, the rest together, and the links between steps."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from analytics.cohort import Cohort
from analytics.path_steps import END, EVENT, NONE, OPEN, Numbers, Walks
from analytics.reports.paths_types import NodeKind, PathLink, PathNode

OTHER = -5
_KINDS = {EVENT: NodeKind.EVENT, OPEN: NodeKind.OPEN, OTHER: NodeKind.OTHER}
_LAST = {NodeKind.OTHER: 1, NodeKind.ENTRY: 2, NodeKind.OPEN: 3, NodeKind.EXIT: 4}
"""What stands below the pages of a step, in this order."""


class Naming(Struct, frozen=True):
    """What the codes of pages and of the event mean."""

    pages: Sequence[str]
    event: str


class Counted(Struct, frozen=True):
    """The nodes and links of walks; `place` holds each walk's node at each step, -1 for none."""

    nodes: tuple[PathNode, ...]
    links: tuple[PathLink, ...]
    place: Numbers


def counted(walks: Walks, cohort: Cohort, naming: Naming, top: int) -> Counted:
    """`cohort` has one session a walk, in the walks' order."""
    nodes: list[PathNode] = []
    places = np.full(walks.codes.shape, -1, dtype=np.int64)
    everyone = cohort.among()
    for column, step in enumerate(walks.steps):
        codes = _with_other(walks.codes[:, column], cohort, top)
        present = np.flatnonzero(codes != NONE)
        found, which = np.unique(codes[present], return_inverse=True)
        sessions = np.bincount(which, minlength=len(found))
        weights = np.bincount(which, weights=cohort.weight[present], minlength=len(found))
        order = sorted(
            range(len(found)),
            key=lambda at: _rank(int(found[at]), step, float(weights[at]), naming),
        )
        rank = np.empty(len(found), dtype=np.int64)
        rank[order] = np.arange(len(found))
        places[present, column] = rank[which] + len(nodes)
        nodes += [
            PathNode(
                step=step,
                kind=_kind(int(found[at]), step),
                name=_name(int(found[at]), naming),
                sessions=int(sessions[at]),
                weight=float(weights[at]),
                share=everyone.share(float(weights[at])),
            )
            for at in order
        ]
    return Counted(tuple(nodes), tuple(_links(walks.steps, places, cohort)), places)


def _with_other(codes: Numbers, cohort: Cohort, top: int) -> Numbers:
    """Pages beyond the `top` ones, by weight and then by name, as OTHER."""
    pages = codes >= 0
    weights = np.bincount(codes[pages], weights=cohort.weight[pages])
    seen = np.flatnonzero(weights)
    # By whole sessions first: weights summed in another order may differ in their last digit.
    ranked = seen[np.lexsort((seen, -np.round(weights[seen], 6)))]
    kept = np.zeros(len(weights), dtype=np.bool_)
    kept[ranked[:top]] = True
    codes = codes.copy()
    codes[pages] = np.where(kept[codes[pages]], codes[pages], OTHER)
    return codes


def _links(steps: Sequence[int], places: Numbers, cohort: Cohort) -> list[PathLink]:
    links: list[PathLink] = []
    for column, step in enumerate(steps[:-1]):
        both = (places[:, column] >= 0) & (places[:, column + 1] >= 0)
        source, target = places[both, column], places[both, column + 1]
        members = np.flatnonzero(both)
        near = source if step >= 0 else target
        base = int(places.max(initial=0)) + 1
        pairs, which = np.unique(source * base + target, return_inverse=True)
        sessions = np.bincount(which, minlength=len(pairs))
        weights = np.bincount(which, weights=cohort.weight[members], minlength=len(pairs))
        whole = {int(node): cohort.of(members[near == node]).among() for node in np.unique(near)}
        for pair, count, weight in zip(pairs.tolist(), sessions, weights, strict=True):
            ends = divmod(pair, base)
            links.append(
                PathLink(
                    step=step,
                    source=ends[0],
                    target=ends[1],
                    sessions=int(count),
                    weight=float(weight),
                    share=whole[ends[0] if step >= 0 else ends[1]].share(float(weight)),
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
