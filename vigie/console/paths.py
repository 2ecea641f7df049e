"""Paths: where people go from a page or event, and where they came from."""

from functools import partial

from markupsafe import Markup
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from analytics.basis import Estimate
from analytics.charts.sankey import sankey
from analytics.differences import Unit, range_words
from analytics.reports.paths_types import (
    Direction,
    NodeKind,
    PathDifference,
    PathNode,
    PathsReport,
    label,
)
from store.snapshot import Snapshot
from vigie.console import pictures
from vigie.console.console import Console, console_of
from vigie.console.first_start import first_start
from vigie.console.formats import interval, percent
from vigie.console.funnels import seen_answer
from vigie.console.scope import Scope
from vigie.console.texts import level_name
from vigie.reporting.catalogue import run_report
from vigie.reporting.paths import DIRECTIONS, EDGES, start_of, start_params

STARTS = tuple(DIRECTIONS)
DIRECTION_NAMES = {"from": "After it", "to": "Before it", "around": "Around it"}
DIFFERENCES_MAX = 12
CHOICES = ("steps", "compare")


class Chosen(Struct, frozen=True):
    """The form's state: which way, from what ("" for the session's edge), its name in words."""

    way: str
    at: str
    name: str


def paths(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    if scope.site is None:
        return first_start(request, console, scope)
    query = request.query_params
    if "way" in query:
        return _tidied(scope, query.get("way", ""), query.get("at", ""), query.get("steps", ""))
    start = {name: query[name] for name in STARTS if query.get(name)}
    start = start or start_params(start_of({}))
    more = {name: query[name] for name in CHOICES if query.get(name)}
    params = {"site": scope.site.id, "level": scope.level, **start, **more}
    params = {name: value for name, value in {**params, **scope.report_params()}.items() if value}
    seen = console.answers.soon(partial(seen_answer, console, scope))
    report = paths_answer(console, scope, params)
    way, value = next(iter(start_params(report.start).items()))
    chosen = Chosen(way, value, report.start.page or report.start.event)

    def href(node: PathNode) -> str:
        if node.kind not in (NodeKind.PAGE, NodeKind.EVENT):
            return ""
        kind = "event" if node.kind is NodeKind.EVENT else "page"
        return scope.href("/paths", **{way: f"{kind}:{node.name}"}, **more)

    return console.page(
        request,
        "paths.html",
        scope,
        uses_level=True,
        extra={**start, **more},
        report=report,
        chosen=chosen,
        ways=DIRECTION_NAMES,
        edges=EDGES,
        seen=seen(),
        steps_chosen=len(report.steps) or 5,
        answer=answer_words(report),
        chart=Markup(sankey(report, href)) if report.sessions else "",
        node_href=href,
        label=label,
        page_href=lambda page: scope.href("/paths", **{way: f"page:{page}"}, **more),
        differences=report.differences[:DIFFERENCES_MAX],
        difference_words=difference_words,
        level_places=pictures.level_places(scope.site.levels),
        address=scope.href("/api/v1/reports/paths", **params),
    )


def paths_answer(console: Console, scope: Scope, params: dict[str, str]) -> PathsReport:
    def compute(snapshot: Snapshot) -> PathsReport:
        report = run_report("paths", params, console.settings, snapshot, scope.now)
        assert isinstance(report, PathsReport)
        return report

    return console.answers.ask(("paths", tuple(sorted(params.items()))), compute)


def answer_words(report: PathsReport) -> str:
    """What most sessions did next (or before), in one sentence."""
    if not report.sessions:
        return "No session came there in this window"
    backwards = report.start.direction is Direction.BEFORE
    near = report.at(-1 if backwards else 1)
    pages = [node for node in near if node.kind in (NodeKind.PAGE, NodeKind.EVENT)]
    gone = [node for node in near if node.kind in (NodeKind.EXIT, NodeKind.ENTRY)]
    where = report.start.page or report.start.event
    parts = []
    if pages:
        did = "came from" if backwards else "went on to"
        parts.append(f"{_share(pages[0].share)} {did} {pages[0].name}")
    if gone:
        did = "began there" if backwards else "left there" if where else "saw no second page"
        parts.append(f"{_share(gone[0].share)} {did}")
    of = f"Of {report.sessions:,} sessions" + (f" at {where}" if where else "")
    return f"{of}, {' and '.join(parts)}" if parts else of


def difference_words(each: PathDifference, levels: tuple[str, str]) -> str:
    """ "Novice more often, by 8.1 to 16.0 points", or that none can be told."""
    found = each.difference
    if found is None:
        return "too few to compare"
    if not each.sure:
        return "no difference can be told yet"
    who = level_name(levels[0] if found.value > 0 else levels[1])
    low, high = sorted((abs(found.low), abs(found.high)))
    return f"{who} more often, by {range_words(low, high, Unit.POINTS)}"


def _share(estimate: Estimate) -> str:
    if estimate.value is None:
        return "a share withheld"
    return f"{percent(estimate.value)} ({interval(estimate)})"


def _tidied(scope: Scope, way: str, at: str, steps: str) -> Response:
    """The form's answer, under the short address that is shared."""
    way = way if way in STARTS else "from"
    if at in EDGES.values():
        way = next(name for name, edge in EDGES.items() if edge == at)
    address = scope.href("/paths", **{way: at}, steps=steps if steps != "5" else None)
    return RedirectResponse(address, status_code=303)
