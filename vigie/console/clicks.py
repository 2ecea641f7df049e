"""Clicks: what people click on a page, by element, and how far down they come."""

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from analytics.charts.click_outline import click_outline
from analytics.charts.scroll_curve import scroll_curve
from analytics.reports.clicks_types import ClicksReport
from store.snapshot import Snapshot
from vigie.console import pictures
from vigie.console.console import Console, console_of
from vigie.console.first_start import first_start
from vigie.console.scope import Scope
from vigie.reporting.catalogue import run_report


def clicks(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    if scope.site is None:
        return first_start(request, console, scope)
    page = request.query_params.get("page", "")
    device = request.query_params.get("device", "")
    params = {
        "site": scope.site.id,
        "page": page,
        "device": device if page else "",
        "level": scope.level if page else "",
        **scope.report_params(),
    }
    params = {name: value for name, value in params.items() if value}
    report = clicks_answer(console, scope, params)
    return console.page(
        request,
        "clicks.html",
        scope,
        uses_level=bool(page),
        extra={"device": device, "page": page},
        report=report,
        page=page,
        device=device,
        outline=Markup(click_outline(report)) if report.elements else "",
        curve=Markup(scroll_curve(report)),
        levels=[each.level for each in report.elements[0].levels] if report.elements else [],
        level_places=pictures.level_places(scope.site.levels),
        address=scope.href("/api/v1/reports/clicks", **params),
    )


def clicks_answer(console: Console, scope: Scope, params: dict[str, str]) -> ClicksReport:
    def compute(snapshot: Snapshot) -> ClicksReport:
        report = run_report("clicks", params, console.settings, snapshot, scope.now)
        assert isinstance(report, ClicksReport)
        return report

    return console.answers.ask(("clicks", tuple(sorted(params.items()))), compute)
