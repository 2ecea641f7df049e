"""Clicks: what people click on a page, by element, and how far down they come."""

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from analytics.charts.click_outline import click_outline
from analytics.charts.scroll_curve import scroll_curve
from analytics.reports.clicks_types import ClicksReport
from analytics.reports.recorded_views import recorded_views
from store.snapshot import Snapshot
from vigie.console import pictures
from vigie.console.console import Console, console_of
from vigie.console.first_start import first_start
from vigie.console.gate import CONTENT_SECURITY_POLICY
from vigie.console.scope import Scope
from vigie.reporting.catalogue import run_report
from vigie.snapshot_page import POLICY
from vigie.snapshots import PageSnapshot, page_snapshot

FRAMED = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"
PICTURE_FRESH_S = 300.0
"""A page looks the same for a while, and its recording may be large."""


def clicks(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    if scope.site is None:
        return first_start(request, console, scope)
    params = asked_params(request, scope)
    page, device = params.get("page", ""), params.get("device", "")
    report = clicks_answer(console, scope, params)
    snapshot = snapshot_answer(console, scope, report, params) if report.elements else None
    answer = console.page(
        request,
        "clicks.html",
        scope,
        uses_level=bool(page),
        extra={"device": device, "page": page},
        report=report,
        page=page,
        device=device,
        snapshot=snapshot,
        picture=scope.href("/clicks/page", page=page, device=device),
        outline=Markup(click_outline(report)) if report.elements else "",
        curve=Markup(scroll_curve(report)),
        levels=[each.level for each in report.elements[0].levels] if report.elements else [],
        level_places=pictures.level_places(scope.site.levels),
        address=scope.href("/api/v1/reports/clicks", **params),
    )
    if snapshot is not None:
        answer.headers["Content-Security-Policy"] = FRAMED
    return answer


def picture(request: Request) -> Response:
    """GET /clicks/page: the page out of a recording, only within a page of the console's own."""
    console = console_of(request)
    scope = console.scope(request)
    params = asked_params(request, scope)
    report = clicks_answer(console, scope, params) if params.get("page") else None
    found = snapshot_answer(console, scope, report, params) if report else None
    if found is None:
        return console.problem(request, "No recording shows this page.", "Open its clicks.", 404)
    headers = {"Content-Security-Policy": POLICY, "X-Frame-Options": "SAMEORIGIN"}
    return Response(found.html, headers=headers, media_type="text/html; charset=utf-8")


def asked_params(request: Request, scope: Scope) -> dict[str, str]:
    """What the report takes of the address."""
    page = request.query_params.get("page", "")
    params = {
        "site": scope.site.id if scope.site else "",
        "page": page,
        "device": request.query_params.get("device", "") if page else "",
        "level": scope.level if page else "",
        **scope.report_params(),
    }
    return {name: value for name, value in params.items() if value}


def snapshot_answer(
    console: Console, scope: Scope, report: ClicksReport, params: dict[str, str]
) -> PageSnapshot | None:
    """A masked picture of the report's page, where a recording that is kept shows one."""
    site = params["site"]
    database = console.context.database

    def compute(snapshot: Snapshot) -> PageSnapshot | None:
        views = recorded_views(snapshot, site, scope.window, report.page, report.device)
        return page_snapshot(database, site, views, report.elements) if views else None

    question = ("picture", tuple(sorted(params.items())))
    return console.answers.ask(question, compute, fresh_s=PICTURE_FRESH_S)


def clicks_answer(console: Console, scope: Scope, params: dict[str, str]) -> ClicksReport:
    def compute(snapshot: Snapshot) -> ClicksReport:
        report = run_report("clicks", params, console.settings, snapshot, scope.now)
        assert isinstance(report, ClicksReport)
        return report

    return console.answers.ask(("clicks", tuple(sorted(params.items()))), compute)
