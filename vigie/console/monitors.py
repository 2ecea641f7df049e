"""Availability: all monitors with their 90 days, one monitor, and the incidents of all."""

from starlette.requests import Request
from starlette.responses import Response

from analytics.reports.latency import latency as latency_report
from analytics.reports.types import LatencyReport, UptimeReport
from analytics.reports.uptime import uptime
from store.snapshot import Snapshot
from vigie.console import pictures
from vigie.console.certificates import certificates_now
from vigie.console.console import Console, console_of
from vigie.console.contracts import budgets
from vigie.console.elsewhere import heartbeat_address_of, locations_now
from vigie.console.monitor_actions import page_values
from vigie.console.scope import Scope
from vigie.console.strips import strips_report
from vigie.maintenance import maintenance_of
from vigie.reporting.params import BadRequestError

BLIPS_MAX = 20
LIVE_S = 2
TONES = {"up": "up", "down": "down", "degraded": "degraded"}


def monitors(request: Request) -> Response:
    console = console_of(request)
    report = strips_report(console)
    return console.page(
        request,
        "monitors.html",
        console.scope(request),
        uses_dates=False,
        live_s=LIVE_S,
        uptime=report,
        strips=pictures.strips(report),
        locations=locations_now(console),
        certificates=certificates_now(console),
        **page_values(console, request),
    )


def monitor(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    id_ = request.path_params["id"]
    report = uptime_answer(console, scope, id_)
    row = report.monitors[0]
    latency = latency_answer(console, scope, id_)
    known = next((each for each in console.settings.monitors if each.id == id_), None)
    return console.page(
        request,
        "monitor.html",
        scope,
        live_s=LIVE_S,
        report=report,
        row=row,
        tone=TONES.get(row.state.value, "unknown"),
        monitor=known,
        call_address=heartbeat_address_of(console, known),
        latency=latency,
        certificate=certificates_now(console).get(id_),
        budgets=budgets(console, id_),
        timeline=pictures.timeline(row, scope.window),
        blips_max=BLIPS_MAX,
        address=scope.href("/api/v1/reports/uptime", site=None, level=None, monitor=id_),
        latency_address=scope.href("/api/v1/reports/latency", site=None, level=None, monitor=id_),
        figure_address=scope.href(f"/api/v1/monitors/{id_}/latency", site=None, level=None),
        **page_values(console, request),
    )


def latency_figure(request: Request) -> Response:
    """The monitor page's chart, as plotly takes it."""
    console = console_of(request)
    report = latency_answer(console, console.scope(request), request.path_params["id"])
    return Response(pictures.latency_json(report), media_type="application/json")


def incidents(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    report = uptime_answer(console, scope)
    found = [incident for row in report.monitors for incident in row.incidents]
    return console.page(
        request,
        "incidents.html",
        scope,
        live_s=LIVE_S,
        uptime=report,
        incidents=sorted(found, key=lambda incident: incident.start, reverse=True),
        names={row.monitor: row.name for row in report.monitors},
        address=scope.href("/api/v1/reports/uptime", site=None, level=None),
    )


def uptime_answer(console: Console, scope: Scope, id_: str = "") -> UptimeReport:
    """Uptime of one monitor, or of all. Raises BadRequestError for one that is unknown."""
    known = tuple(monitor.id for monitor in console.settings.monitors)
    if id_ and id_ not in known:
        raise BadRequestError(
            f"There is no monitor {id_!r}.", f"The monitors are {', '.join(known) or 'none yet'}."
        )

    asked = (id_,) if id_ else known

    def compute(snapshot: Snapshot) -> UptimeReport:
        return uptime(snapshot, asked, scope.window, scope.now, maintenance_of(console.settings))

    return console.answers.ask(("uptime", asked, scope.question()), compute)


def latency_answer(console: Console, scope: Scope, id_: str) -> LatencyReport:
    def compute(snapshot: Snapshot) -> LatencyReport:
        return latency_report(snapshot, id_, scope.window)

    return console.answers.ask(("latency", id_, scope.question()), compute)
