"""The typed values of the report of paths: steps, links between them, ends, loops, differences."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import pandas as pd
from msgspec import Struct

from analytics.basis import Basis, Estimate
from analytics.estimates import Difference


class Direction(StrEnum):
    """Which way paths are followed from where they start."""

    AFTER = "after"
    BEFORE = "before"
    AROUND = "around"


class NodeKind(StrEnum):
    """What a step of a path can be."""

    PAGE = "page"
    EVENT = "event"
    """The one that paths start at."""
    OTHER = "other"
    """All pages that are not among the top ones of their step."""
    ENTRY = "entry"
    """Before it the session had seen nothing."""
    EXIT = "exit"
    """The session ended."""
    OPEN = "open"
    """The session may still go on."""


class PathStart(Struct, frozen=True, kw_only=True):
    """Where paths start: at a page template, at an event, or (neither) at the session's edge, its
    first page, or its last one with direction before."""

    direction: Direction = Direction.AFTER
    page: str = ""
    event: str = ""


class PathNode(Struct, frozen=True, kw_only=True):
    """The sampled sessions that were at one thing at one step.

    `step` is 0 at the start, 1 and on after it, -1 and on before it. `weight` is what the sessions
    stand for, `share` their share of all that the report follows. `name` is set for pages and
    events.
    """

    step: int
    kind: NodeKind
    name: str
    sessions: int
    weight: float
    share: Estimate


class PathLink(Struct, frozen=True, kw_only=True):
    """The sampled sessions that went from `source` at `step` to `target` at the next step; both are
    places in the report's `nodes`. `share` is of the sessions of whichever end lies nearer to the
    start."""

    step: int
    source: int
    target: int
    sessions: int
    weight: float
    share: Estimate


class PageShare(Struct, frozen=True, kw_only=True):
    """A page that sessions began, or ended, with."""

    page: str
    sessions: int
    share: Estimate


class Loop(Struct, frozen=True, kw_only=True):
    """From `page` to `through` and back to `page`: `sessions` did so, `times` in all. `share` is of
    the sessions that began in the window."""

    page: str
    through: str
    sessions: int
    times: int
    share: Estimate


class PathDifference(Struct, frozen=True, kw_only=True):
    """The shares of two levels at one node: `one` less `other`, None where either is withheld."""

    step: int
    kind: NodeKind
    name: str
    one: Estimate
    other: Estimate
    difference: Difference | None

    @property
    def sure(self) -> bool:
        """Whether the interval leaves zero out."""
        found = self.difference
        return found is not None and (found.low > 0 or found.high < 0)


class PathsReport(Struct, frozen=True, kw_only=True):
    """The paths of `sessions` sampled sessions. The nodes of a step hold each session that came to
    that step exactly once; the links into and out of a node add up to it.

    `levels` names the two that `differences` compare; "" when there are none to compare.
    """

    basis: Basis
    start: PathStart
    level: str
    sessions: int
    nodes: tuple[PathNode, ...]
    links: tuple[PathLink, ...]
    began: int
    """Sampled sessions that began in the window: what entries, exits and loops are of."""
    entries: tuple[PageShare, ...]
    exits: tuple[PageShare, ...]
    loops: tuple[Loop, ...]
    levels: tuple[str, str] = ("", "")
    differences: tuple[PathDifference, ...] = ()

    def at(self, step: int) -> tuple[PathNode, ...]:
        """The nodes of a step, in the order they are drawn."""
        return tuple(node for node in self.nodes if node.step == step)

    @property
    def steps(self) -> tuple[int, ...]:
        return tuple(sorted({node.step for node in self.nodes}))

    def frame(self) -> pd.DataFrame:
        """One row a figure; `part` says of what: step, link, entry, exit, loop."""
        return pd.DataFrame([{**row, **_flat(estimate)} for row, estimate in self._rows()])

    def _rows(self) -> Iterator[tuple[dict[str, Any], Estimate]]:
        def row(part: str, step: int | None, name: str, to: str, sessions: int) -> dict[str, Any]:
            return {"part": part, "step": step, "name": name, "to": to, "sessions": sessions}

        for node in self.nodes:
            yield row("step", node.step, label(node), "", node.sessions), node.share
        for link in self.links:
            source, target = label(self.nodes[link.source]), label(self.nodes[link.target])
            yield row("link", link.step, source, target, link.sessions), link.share
        for part, pages in (("entry", self.entries), ("exit", self.exits)):
            for page in pages:
                yield row(part, None, page.page, "", page.sessions), page.share
        for loop in self.loops:
            yield row("loop", None, loop.page, loop.through, loop.sessions), loop.share


LABELS = {
    NodeKind.OTHER: "Other",
    NodeKind.ENTRY: "Entry",
    NodeKind.EXIT: "Exit",
    NodeKind.OPEN: "Still there",
}


def label(node: PathNode | PathDifference) -> str:
    return node.name or LABELS[node.kind]


def _flat(estimate: Estimate) -> dict[str, Any]:
    return {
        "share": estimate.value,
        "share_low": estimate.low,
        "share_high": estimate.high,
        "withheld": estimate.withheld.value if estimate.withheld else None,
    }
