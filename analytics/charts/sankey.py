"""Paths as a Sankey diagram: a column a step, ribbons as wide as the sessions that went along."""

from collections.abc import Callable, Sequence

from analytics.charts.svg import element, shortened, text, title
from analytics.reports.paths_types import NodeKind, PathLink, PathNode, PathsReport, label
from analytics.wording import percent

TOP, PLOT, FOOT = 26.0, 300.0, 8.0
BAR, PITCH, LAST = 10.0, 208.0, 196.0
"""The width of a node; from column to column; the last column with its labels."""
SLOT_MIN = 38.0
"""The least height from node to node, for two lines of text."""
GAP = 8.0
CHARACTERS = 26

Href = Callable[[PathNode], str]


class _Place:
    """Where a node is drawn, and how much of each of its sides its ribbons have taken."""

    def __init__(self, x: float, y: float, height: float) -> None:
        self.x, self.y, self.height = x, y, height
        self.taken_in = self.taken_out = 0.0


def sankey(report: PathsReport, href: Href = lambda node: "") -> str:
    """`href` gives the address behind a node's name; "" for none. Nodes keep the report's order.

    Unlike other charts it is a group, not one image, so that its links can be reached.
    """
    places = _places(report)
    total = sum(node.weight for node in report.at(0)) or 1.0
    ribbons = [_ribbon(report, link, places, total) for link in report.links]
    nodes = [
        _node(node, place, href(node)) for node, place in zip(report.nodes, places, strict=True)
    ]
    heads = [
        text(_head(step), column * PITCH, 12, class_="label label-minor")
        for column, step in enumerate(report.steps)
    ]
    width = (len(report.steps) - 1) * PITCH + LAST
    height = max((place.y + max(place.height, SLOT_MIN) for place in places), default=TOP) + FOOT
    return element(
        "svg",
        *heads,
        *ribbons,
        *nodes,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:.0f}",
        class_="chart chart-sankey",
        role="group",
        aria_label=_label(report),
    )


def _places(report: PathsReport) -> list[_Place]:
    total = sum(node.weight for node in report.at(0)) or 1.0
    places = []
    for column, step in enumerate(report.steps):
        y = TOP
        for node in report.at(step):
            height = max(1.5, node.weight / total * PLOT)
            places.append(_Place(column * PITCH, y, height))
            y += max(height + GAP, SLOT_MIN)
    return places


def _ribbon(report: PathsReport, link: PathLink, places: Sequence[_Place], total: float) -> str:
    source, target = places[link.source], places[link.target]
    thick = link.weight / total * PLOT
    y1, y2 = source.y + source.taken_out, target.y + target.taken_in
    source.taken_out += thick
    target.taken_in += thick
    x1, x2 = source.x + BAR, target.x
    middle = (x1 + x2) / 2
    path = (
        f"M{x1:.1f} {y1:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        f"v{thick:.2f}"
        f"C{middle:.1f} {y2 + thick:.1f} {middle:.1f} {y1 + thick:.1f} {x1:.1f} {y1 + thick:.1f}z"
    )
    here, there = report.nodes[link.source], report.nodes[link.target]
    words = f"{label(here)} to {label(there)}: {link.sessions:,} sessions"
    if link.share.value is not None:
        near = here if link.step >= 0 else there
        words += f", {percent(link.share.value)} of those at {label(near)}"
    return element(
        "path",
        title(words),
        d=path,
        class_=f"ribbon to-{_ends(here, there)}",
        fill="currentColor",
        fill_opacity=0.18,
    )


def _ends(here: PathNode, there: PathNode) -> str:
    return next(
        (
            kind.value
            for kind in (NodeKind.EXIT, NodeKind.ENTRY, NodeKind.OPEN)
            if kind in (here.kind, there.kind)
        ),
        "page",
    )


def _node(node: PathNode, place: _Place, address: str) -> str:
    name = label(node)
    share = "" if node.share.value is None else f" · {percent(node.share.value)}"
    bar = element(
        "rect",
        x=place.x,
        y=place.y,
        width=BAR,
        height=place.height,
        rx=1.5,
        class_=f"node node-{node.kind.value}",
        fill="currentColor",
    )
    x = place.x + BAR + 6
    short = text(
        shortened(name, CHARACTERS), x, place.y + 11, class_="label label-strong", full=name
    )
    if address:
        words = f"{name}: {node.sessions:,} sessions. Start there"
        short = element("a", short, href=address, aria_label=words)
    figures = text(f"{node.sessions:,}{share}", x, place.y + 25, class_="label label-minor")
    return element("g", bar, short, figures)


def _head(step: int) -> str:
    if not step:
        return "Start"
    return f"{step} later" if step > 0 else f"{-step} before"


def _label(report: PathsReport) -> str:
    return f"Paths of {report.sessions:,} sessions over {len(report.steps)} steps"
