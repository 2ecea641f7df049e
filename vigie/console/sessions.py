"""Sessions: the list, what one of them did, and its recording beside that."""

import re

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from analytics.reports.session import EVENTS_MAX
from analytics.reports.sessions import ROWS_MAX, SessionsReport
from rum.privacy import site_secret, user_key
from rum.session_code import code_of, ranges_of
from store.snapshot import Snapshot
from vigie.console.console import Console, console_of
from vigie.console.first_start import first_start
from vigie.console.forms import form_texts
from vigie.console.gate import CONTENT_SECURITY_POLICY
from vigie.console.recordings import session_answer, site_named
from vigie.console.scope import Scope, scope_of
from vigie.console.session_lines import counts_words, lines, trouble_words
from vigie.recordings import NO_RECORDING, why_none
from vigie.reporting.catalogue import run_report
from vigie.reporting.params import DAYS_MAX
from vigie.settings import SiteSettings

USER_CHARS_MAX = 1_000
FRAMED = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"
FILTERS = ("page", "device", "errors", "recorded", "user_key", "code")

_SESSION = re.compile(r"[0-9a-f]{32}")


def sessions(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    if scope.site is None:
        return first_start(request, console, scope)
    asked = {name: request.query_params.get(name, "").strip() for name in FILTERS}
    params = {"site": scope.site.id, "level": scope.level, **asked, **scope.report_params()}
    params["after"] = request.query_params.get("after", "")
    params = {name: value for name, value in params.items() if value}
    report = sessions_answer(console, scope, params)
    return console.page(
        request,
        "sessions.html",
        scope,
        uses_level=True,
        extra=asked,
        asked=asked,
        code_of=code_of,
        report=report,
        newer=max(report.after - ROWS_MAX, 0) if report.after else None,
        older=report.after + ROWS_MAX if report.more else None,
        address=scope.href("/api/v1/reports/sessions", **params),
    )


def sessions_answer(console: Console, scope: Scope, params: dict[str, str]) -> SessionsReport:
    def compute(snapshot: Snapshot) -> SessionsReport:
        report = run_report("sessions", params, console.settings, snapshot, scope.now)
        assert isinstance(report, SessionsReport)
        return report

    return console.answers.ask(("sessions", tuple(sorted(params.items()))), compute)


async def find(request: Request) -> Response:
    """POST /sessions: a session by its id or the code a user reads out, or a user's sessions by the
    id that the site gives to users. That one is hashed here, and never stands in an address."""
    console = console_of(request)
    texts = await form_texts(request)
    scope = scope_of(texts, console.settings, console.context.clock())
    find = texts.get("find", "").strip()
    if not find or scope.site is None:
        return RedirectResponse(scope.href("/sessions"), status_code=303)
    address = await run_in_threadpool(_found_at, console, scope, scope.site, find)
    return RedirectResponse(address, status_code=303)


def _found_at(console: Console, scope: Scope, site: SiteSettings, find: str) -> str:
    if _SESSION.fullmatch(find.lower()):
        return scope.href(f"/sessions/{find.lower()}")
    if ranges_of(find):
        days = str(min(DAYS_MAX, console.settings.store.retention_days + 1))
        kept = {"site": site.id, "code": find, "days": days}
        rows = sessions_answer(console, scope, kept).rows
        if len(rows) == 1:
            return scope.href(f"/sessions/{rows[0].session}")
        if rows:
            return scope.href("/sessions", code=find, days=days, start=None, end=None, level=None)
    secret = site_secret(console.context.folder.secret(), site.id)
    key = user_key(secret, find[:USER_CHARS_MAX])
    return scope.href("/sessions", user_key=key)


def session(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    id_ = request.path_params["id"].lower()
    params = {"session": id_, "after": request.query_params.get("after", "")}
    params = {name: value for name, value in params.items() if value}
    report = session_answer(console, params)
    site = site_named(console, report.site)
    row = report.session
    names = {monitor.id: monitor.name or monitor.id for monitor in console.settings.monitors}
    page = console.page(
        request,
        "session.html",
        scope,
        uses_dates=False,
        report=report,
        row=row,
        site=site,
        no_recording=None if row.chunks else NO_RECORDING[why_none(site.replay, row.session)],
        monitors=names,
        lines=lines(report, names),
        trouble=trouble_words(report),
        counts=counts_words(report),
        page_of=lambda number: number // EVENTS_MAX * EVENTS_MAX,
        newer=report.after + EVENTS_MAX if report.after + EVENTS_MAX < report.total else None,
        older=max(report.after - EVENTS_MAX, 0) if report.after else None,
        address=scope.href("/api/v1/reports/session", **params),
    )
    page.headers["Content-Security-Policy"] = FRAMED
    return page
