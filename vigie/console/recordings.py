"""Recordings in the console: the page within a session's page, and the file for `vigie replay`."""

import hashlib
import logging

from starlette.requests import Request
from starlette.responses import Response

from analytics.reports.session import SessionReport
from store.snapshot import Snapshot
from vigie.console.api import refused
from vigie.console.console import Console, console_of
from vigie.recordings import NO_RECORDING, NoRecording, Recording, find_recording
from vigie.reporting.catalogue import run_report
from vigie.reporting.params import BadRequestError
from vigie.settings import SiteSettings

log = logging.getLogger("vigie.console")


def recording(request: Request) -> Response:
    """GET /sessions/ID/recording: only within a page of the console's own."""
    console = console_of(request)
    found = recording_of(console, request.path_params["id"])
    if isinstance(found, NoRecording):
        return console.problem(request, *NO_RECORDING[found], 404)
    headers = {
        "Content-Security-Policy": f"{console.recording_page.policy}; frame-ancestors 'self'",
        "X-Frame-Options": "SAMEORIGIN",
    }
    return _page(request, console, found, headers)


def recording_file(request: Request) -> Response:
    """GET /api/v1/sessions/ID/recording: the same page, to be kept as a file."""
    console = console_of(request)
    found = recording_of(console, request.path_params["id"])
    if isinstance(found, NoRecording):
        return refused(*NO_RECORDING[found], 404)
    name = f"vigie-session-{found[0].session.session}.html"
    return _page(request, console, found, {"Content-Disposition": f'attachment; filename="{name}"'})


def recording_of(console: Console, id_: str) -> tuple[SessionReport, Recording] | NoRecording:
    """Raises BadRequestError when there is no such session."""
    report = session_answer(console, {"session": id_})
    site = site_named(console, report.site)
    database = console.context.database
    found = find_recording(database, site.id, site.replay, report.session.session)
    return found if isinstance(found, NoRecording) else (report, found)


def session_answer(console: Console, params: dict[str, str]) -> SessionReport:
    def compute(snapshot: Snapshot) -> SessionReport:
        now = console.context.clock()
        report = run_report("session", params, console.settings, snapshot, now)
        assert isinstance(report, SessionReport)
        return report

    return console.answers.ask(("session", tuple(sorted(params.items()))), compute)


def site_named(console: Console, id_: str) -> SiteSettings:
    """Raises BadRequestError for a site that the settings have no more."""
    for site in console.settings.sites:
        if site.id == id_:
            return site
    raise BadRequestError(f"There is no site {id_!r} any more.", "See vigie.toml.")


def _page(
    request: Request,
    console: Console,
    found: tuple[SessionReport, Recording],
    headers: dict[str, str],
) -> Response:
    report, played = found
    row = report.session
    # It shows what a person did: who looked at it is written down.
    log.info("the recording of session %s was given to %s", row.session, reader_of(request))
    text = console.recording_page.render(played, row.session, row.first)
    # Its pieces are compressed already.
    headers = {**headers, "Content-Encoding": "identity"}
    return Response(text, headers=headers, media_type="text/html; charset=utf-8")


def reader_of(request: Request) -> str:
    """Who asks, as far as the console can tell: a program with the token, or a signed-in browser by
    a hash of its cookie."""
    console = console_of(request)
    cookie = request.cookies.get(console.access.cookie, "")
    address = request.client.host if request.client else "unknown"
    if not cookie:
        return f"a program with the token, from {address}"
    return f"sign-in {hashlib.sha256(cookie.encode()).hexdigest()[:12]}, from {address}"
