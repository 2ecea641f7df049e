"""The console's application: its routes, and what every request passes on the way."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vigie.console import (
    api,
    backup_api,
    clicks,
    contracts,
    data,
    erasure,
    errors,
    first_start,
    funnel_actions,
    funnels,
    home,
    incident,
    inside,
    install,
    journey_actions,
    journey_forms,
    journey_tabs,
    journeys,
    monitor_actions,
    monitor_forms,
    monitors,
    paths,
    received,
    recordings,
    refused,
    resources,
    sessions,
    sign_in,
    source_maps,
    speed,
)
from vigie.console.console import Console, console_of
from vigie.console.context import ConsoleContext
from vigie.console.gate import HEADERS, Gate, SecurityHeaders
from vigie.console.own_changes import ChangeRefusedError
from vigie.reporting.params import BadRequestError


def create_app(context: ConsoleContext) -> Starlette:
    """The console over `context`: pages, API, static files. Pages run in threads."""
    console = Console(context)
    app = Starlette(
        routes=[
            *page_routes(),
            *machine_routes(),
            Route("/static/{digest}/{name}", console.static.serve),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5),
            Middleware(
                Gate,
                may_enter=sign_in.signed_in,
                is_program=sign_in.is_program,
                refuse=sign_in.refuse,
            ),
        ],
        exception_handlers={
            BadRequestError: bad_request,
            HTTPException: http_problem,
            Exception: own_fault,
        },
    )
    app.state.console = console
    return app


def page_routes() -> list[Route]:
    """Pages, and what their forms post."""
    return [
        Route("/", home.home),
        Route("/journeys", journeys.journeys),
        Route("/journeys/-/add", journey_forms.add_form),
        Route("/journeys/-/add", journey_forms.add, methods=["POST"]),
        Route("/journeys/-/export", journey_actions.export),
        Route("/journeys/{id}", journeys.journey),
        Route("/journeys/{id}/edit", journey_forms.edit_form),
        Route("/journeys/{id}/edit", journey_forms.edit, methods=["POST"]),
        Route("/journeys/{id}/remove", journey_actions.remove, methods=["POST"]),
        Route("/journeys/{id}/restore", journey_actions.restore, methods=["POST"]),
        Route("/journeys/{id}/undo", journey_actions.undo, methods=["POST"]),
        Route("/journeys/{id}/export", journey_actions.export),
        Route("/journeys/{id}/{tab}", journey_tabs.tab),
        Route("/funnels", funnels.funnels),
        Route("/paths", paths.paths),
        Route("/clicks", clicks.clicks),
        Route("/clicks/page", clicks.picture),
        Route("/funnels/-/sessions", funnels.behind),
        Route("/funnels/-/save", funnel_actions.save, methods=["POST"]),
        Route("/funnels/{id}/remove", funnel_actions.remove, methods=["POST"]),
        Route("/funnels/{id}/restore", funnel_actions.restore, methods=["POST"]),
        Route("/funnels/{id}/undo", funnel_actions.undo, methods=["POST"]),
        Route("/speed", speed.speed),
        Route("/errors", errors.errors),
        Route("/errors/{fingerprint}", errors.error),
        Route("/errors/{fingerprint}", errors.say, methods=["POST"]),
        Route("/sessions", sessions.sessions),
        Route("/sessions", sessions.find, methods=["POST"]),
        Route("/sessions/{id}", sessions.session),
        Route("/sessions/{id}/recording", recordings.recording),
        Route("/monitors", monitors.monitors),
        # "-" is no monitor: ids begin with a letter or a digit.
        Route("/monitors/-/add", monitor_forms.add_form),
        Route("/monitors/-/add", monitor_forms.add, methods=["POST"]),
        Route("/monitors/-/export", monitor_actions.export),
        Route("/monitors/{id}", monitors.monitor),
        Route("/monitors/{id}/edit", monitor_forms.edit_form),
        Route("/monitors/{id}/edit", monitor_forms.edit, methods=["POST"]),
        Route("/monitors/{id}/pause", monitor_actions.pause, methods=["POST"]),
        Route("/monitors/{id}/resume", monitor_actions.resume, methods=["POST"]),
        Route("/monitors/{id}/remove", monitor_actions.remove, methods=["POST"]),
        Route("/monitors/{id}/restore", monitor_actions.restore, methods=["POST"]),
        Route("/monitors/{id}/undo", monitor_actions.undo, methods=["POST"]),
        Route("/monitors/{id}/export", monitor_actions.export),
        Route("/incidents", monitors.incidents),
        Route("/incidents/{id}", incident.incident),
        Route("/perceived", journey_tabs.perceived),
        Route("/contracts", contracts.contracts),
        Route("/contracts/{id}", contracts.contract),
        Route("/install", install.install),
        Route("/data", data.data),
        Route("/data/refused", refused.page),
        Route("/data/resources", resources.page),
        Route("/data/erasure", erasure.page),
        Route("/data/erasure", erasure.ask, methods=["POST"]),
        Route("/sign-in", sign_in.sign_in),
        Route("/sign-out", sign_in.sign_out, methods=["POST"]),
    ]


def machine_routes() -> list[Route]:
    """The API, and what is said to those who watch this process; docs/api.md has them."""
    return [
        Route("/api/v1/sessions/{id}/recording", recordings.recording_file),
        Route("/api/v1/sourcemaps", source_maps.listed),
        Route("/api/v1/sourcemaps", source_maps.upload, methods=["POST"]),
        Route("/api/v1/sourcemaps", source_maps.remove, methods=["DELETE"]),
        Route("/api/v1/backup", backup_api.begin, methods=["POST"]),
        Route("/api/v1/backup", backup_api.progress),
        Route("/api/v1/erasures", erasure.begin, methods=["POST"]),
        Route("/api/v1/erasures/{receipt}", erasure.progress),
        Route("/api/v1/errors/{fingerprint}", errors.say_by_program, methods=["POST"]),
        Route("/api/v1/reports/{name}", api.report),
        Route("/api/v1/funnels", funnel_actions.listed),
        Route("/api/v1/funnels", funnel_actions.add_one, methods=["POST"]),
        Route("/api/v1/funnels/{id}", funnel_actions.change_one, methods=["POST"]),
        Route("/api/v1/funnels/{id}", funnel_actions.remove_one, methods=["DELETE"]),
        Route("/api/v1/funnels/{id}/restore", funnel_actions.restore_one, methods=["POST"]),
        Route("/api/v1/funnels/{id}/undo", funnel_actions.undo_one, methods=["POST"]),
        Route("/api/v1/journeys", journey_actions.listed),
        Route("/api/v1/journeys", journey_actions.add_one, methods=["POST"]),
        Route("/api/v1/journeys/{id}", journey_actions.change_one, methods=["POST"]),
        Route("/api/v1/journeys/{id}", journey_actions.remove_one, methods=["DELETE"]),
        Route("/api/v1/journeys/{id}/restore", journey_actions.restore_one, methods=["POST"]),
        Route("/api/v1/journeys/{id}/undo", journey_actions.undo_one, methods=["POST"]),
        Route("/api/v1/monitors/{id}/latency", monitors.latency_figure),
        Route("/api/v1/arrivals", first_start.arrivals),
        Route("/api/v1/received", received.received),
        Route("/health", inside.live),
        Route("/live", inside.live),
        Route("/ready", inside.ready),
        Route("/metrics", inside.metrics),
    ]


def bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, BadRequestError)
    if isinstance(error, ChangeRefusedError):
        return _problem(request, error.what, error.right, error.status)
    named_by_path = bool(request.path_params)
    return _problem(request, error.what, error.right, 404 if named_by_path else 400)


def http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return _problem(request, "This address takes no such request.", "Open it as a page.", 405)
    if error.status_code == 400:
        what = f"The request cannot be read: {error.detail}"
        return _problem(request, what, "Send it as the API's documentation has it.", 400)
    return _problem(request, "There is no such page.", "Follow the navigation.", error.status_code)


def own_fault(request: Request, error: Exception) -> Response:
    """Starlette raises the error again after this answer, and the server logs it."""
    answer = _problem(request, "Vigie could not make this page.", "Its log says why.", 500)
    answer.headers.update(HEADERS)  # the error passes SecurityHeaders by
    return answer


def _problem(request: Request, what: str, right: str, status: int) -> Response:
    if request.url.path.startswith("/api/"):
        return api.refused(what, right, status)
    return console_of(request).problem(request, what, right, status)
