"""Speed: the web vitals of each page, or of one page by level."""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from analytics.reports.types import SpeedReport, SpeedRow
from store.snapshot import Snapshot
from vigie.console import pictures
from vigie.console.console import Console, console_of
from vigie.console.first_start import first_start
from vigie.console.scope import Scope
from vigie.console.texts import VITALS
from vigie.reporting.catalogue import run_report

PAGES_MAX = 100


class SpeedLine(Struct, frozen=True):
    """A line of the table: a page, or a level of one page, with its vitals by name."""

    name: str
    views: int
    cells: dict[str, SpeedRow]


def speed(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    if scope.site is None:
        return first_start(request, console, scope)
    page = request.query_params.get("page", "")
    device = request.query_params.get("device", "")
    params = {
        "site": scope.site.id,
        "page": page,
        "device": device,
        "level": scope.level,
        **scope.report_params(),
    }
    params = {name: value for name, value in params.items() if value}
    report = speed_answer(console, scope, params)
    lines = by_level(report, scope) if page else by_page(report, scope.level)
    return console.page(
        request,
        "speed.html",
        scope,
        uses_level=True,
        extra={"device": device, "page": page},
        report=report,
        page=page,
        device=device,
        table=lines[:PAGES_MAX],
        vitals=tuple(VITALS),
        level_places=pictures.level_places(scope.site.levels),
        address=scope.href("/api/v1/reports/speed", **params),
    )


def speed_answer(console: Console, scope: Scope, params: dict[str, str]) -> SpeedReport:
    def compute(snapshot: Snapshot) -> SpeedReport:
        report = run_report("speed", params, console.settings, snapshot, scope.now)
        assert isinstance(report, SpeedReport)
        return report

    return console.answers.ask(("speed", tuple(sorted(params.items()))), compute)


def by_page(report: SpeedReport, level: str) -> list[SpeedLine]:
    """A line a page for everyone, or for the level asked for; most viewed first."""
    rows = [row for row in report.rows if row.level == level]
    lines = [_line(page, [row for row in rows if row.page == page]) for page in _in_order(rows)]
    return sorted(lines, key=lambda line: (-line.views, line.name))


def by_level(report: SpeedReport, scope: Scope) -> list[SpeedLine]:
    """A line for everyone and one for each level, in the levels' order."""
    lines = [
        _line(level, [row for row in report.rows if row.level == level])
        for level in ("", *scope.levels)
    ]
    return [line for line in lines if line.cells]


def _in_order(rows: list[SpeedRow]) -> list[str]:
    return list(dict.fromkeys(row.page for row in rows))


def _line(name: str, rows: list[SpeedRow]) -> SpeedLine:
    return SpeedLine(
        name, max((row.views for row in rows), default=0), {row.vital: row for row in rows}
    )
