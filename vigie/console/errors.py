"""Errors: the groups there are, one of them, and what is said of it by hand."""

from datetime import datetime

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from analytics.charts.day_bars import day_bars, wide_day_bars
from analytics.reports.error_types import ErrorGroup, ErrorReport, ErrorsReport, ErrorState
from analytics.reports.errors import ROWS_MAX
from store.error_groups import resolve, unresolve
from store.snapshot import Snapshot
from vigie.console import pictures
from vigie.console.api import refused
from vigie.console.console import Console, console_of
from vigie.console.first_start import first_start
from vigie.console.forms import form_texts
from vigie.console.scope import Scope, scope_of
from vigie.reporting.catalogue import run_report
from vigie.reporting.errors import fingerprint_of
from vigie.reporting.params import site_of

FILTERS = ("page", "release", "state", "owner")
FRESH_S = 5.0
HOME_FRESH_S = 60.0
"""Home asks every two seconds, and groups are noticed once a minute."""
HOME_MAX = 4


def errors(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    if scope.site is None:
        return first_start(request, console, scope)
    asked = {name: request.query_params.get(name, "").strip() for name in FILTERS}
    level = "" if asked["release"] else scope.level
    params = {"site": scope.site.id, "level": level, **asked, **scope.report_params()}
    params["after"] = request.query_params.get("after", "")
    params = {name: value for name, value in params.items() if value}
    report = errors_answer(console, scope, params)
    return console.page(
        request,
        "errors.html",
        scope,
        uses_level=True,
        extra=asked,
        asked=asked,
        report=report,
        teams=tuple(dict.fromkeys(rule.team for rule in console.settings.owners)),
        level_places=pictures.level_places(scope.site.levels),
        bars={row.fingerprint: _bars(row, report) for row in report.rows},
        newer=max(report.after - ROWS_MAX, 0) if report.after else None,
        older=report.after + ROWS_MAX if report.groups > report.after + ROWS_MAX else None,
        address=scope.href("/api/v1/reports/errors", **params),
    )


def errors_answer(
    console: Console, scope: Scope, params: dict[str, str], fresh_s: float = FRESH_S
) -> ErrorsReport:
    def compute(snapshot: Snapshot) -> ErrorsReport:
        report = run_report("errors", params, console.settings, snapshot, scope.now)
        assert isinstance(report, ErrorsReport)
        return report

    question = ("errors", fresh_s, tuple(sorted(params.items())))
    return console.answers.ask(question, compute, fresh_s)


def error(request: Request) -> Response:
    """One group. Raises BadRequestError."""
    console = console_of(request)
    scope = console.scope(request)
    if scope.site is None:
        return first_start(request, console, scope)
    params = {
        "site": scope.site.id,
        "fingerprint": fingerprint_of(request.path_params["fingerprint"]),
        **scope.report_params(),
    }

    def compute(snapshot: Snapshot) -> ErrorReport:
        report = run_report("error", params, console.settings, snapshot, scope.now)
        assert isinstance(report, ErrorReport)
        return report

    report = console.answers.ask(("error", tuple(sorted(params.items()))), compute)
    return console.page(
        request,
        "error.html",
        scope,
        report=report,
        group=report.group,
        level_places=pictures.level_places(scope.site.levels),
        bars=_wide_bars(report),
        address=scope.href("/api/v1/reports/error", **params),
    )


async def say(request: Request) -> Response:
    """POST /errors/FINGERPRINT: that it is resolved, now or by the next release, or not."""
    console = console_of(request)
    texts = await form_texts(request)
    scope = scope_of(texts, console.settings, console.context.clock())
    fingerprint = fingerprint_of(request.path_params["fingerprint"])
    if scope.site is not None:
        await run_in_threadpool(
            _said, console, scope.site.id, fingerprint, texts.get("do", ""), scope.now
        )
    return RedirectResponse(scope.href(f"/errors/{fingerprint}"), status_code=303)


def say_by_program(request: Request) -> Response:
    """POST /api/v1/errors/FINGERPRINT?site=ID&do=resolve|resolve_next|reopen"""
    console = console_of(request)
    do = request.query_params.get("do", "")
    if do not in _DOINGS:
        return refused(f"do={do} is unknown.", f"Give one of: {', '.join(_DOINGS)}.")
    site = site_of(request.query_params, console.settings)
    fingerprint = fingerprint_of(request.path_params["fingerprint"])
    if not _said(console, site.id, fingerprint, do, console.context.clock()):
        return refused(f"There is no error {fingerprint}.", "Look at the report errors.", 404)
    return JSONResponse({"fingerprint": fingerprint, "site": site.id, "done": do})


_DOINGS = ("resolve", "resolve_next", "reopen")


def _said(console: Console, site: str, fingerprint: str, do: str, now: datetime) -> bool:
    database = console.context.database
    if do == "reopen":
        return unresolve(database, site, fingerprint, now)
    if do in _DOINGS:
        return resolve(database, site, fingerprint, now, next_release=do == "resolve_next")
    return False


def _bars(row: ErrorGroup, report: ErrorsReport) -> Markup:
    return Markup(day_bars(row.days, report.first_day, f"By day, {max(row.days):,.0f} at most"))


def _wide_bars(report: ErrorReport) -> Markup:
    met = {part.value for part in report.parts if part.by == "release"}
    marks = [
        (since.date(), release)
        for release, since in sorted(report.releases.items(), key=lambda each: each[1])
        if release in met and since.date() > report.first_day
    ]
    label = f"Errors by day, {max(report.group.days):,.0f} at most"
    return Markup(wide_day_bars(report.group.days, report.first_day, label, marks))


def news_of_week(console: Console, scope: Scope) -> list[ErrorGroup]:
    """What Home shows of the site's errors: those that came back or are new."""
    if scope.site is None:
        return []
    params = {"site": scope.site.id, "days": "7"}
    report = errors_answer(console, scope, params, HOME_FRESH_S)
    urgent = (ErrorState.REGRESSED, ErrorState.NEW)
    return [row for row in report.rows if row.state in urgent][:HOME_MAX]
