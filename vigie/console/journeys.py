"""Journeys: all of them with a verdict each, and one with its findings, time axis and tables."""

from functools import partial

from msgspec import structs
from starlette.requests import Request
from starlette.responses import Response

from analytics.basis import Estimate
from analytics.reports.journey import journey as journey_report
from analytics.reports.types import JourneyReport
from store.snapshot import Snapshot
from vigie.console import pictures
from vigie.console.console import Console, console_of
from vigie.console.findings import (
    FindingLine,
    JourneyLine,
    finding_lines,
    journey_line,
    ongoing,
)
from vigie.console.journey_actions import CHANGES, aside, gone_monitors
from vigie.console.lived import LISTED_FRESH_S, perceived_answer
from vigie.console.scope import Scope
from vigie.maintenance import maintenance_of
from vigie.reporting.funnels import only_level
from vigie.reporting.journeys import funnel_params, journey_question
from vigie.settings import JourneySettings

JOURNEY_FRESH_S = 4.0
EXAMPLE = """\
[[journeys]]
id = "order"
site = "{site}"
name = "Place an order"
owner = "Checkout team"
event = "order_placed"
monitors = ["{monitor}"]
steps = [{{ page = "/cart" }}, {{ page = "/checkout" }}, {{ event = "order_placed" }}]"""


def journeys(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    lines = journey_lines(console, scope)
    settings = console.settings
    kept = CHANGES.shown(console)
    return console.page(
        request,
        "journeys.html",
        scope,
        live_s=5,
        journeys=lines,
        fixed=console.fixed_journeys,
        said=CHANGES.said(console, kept, request.query_params),
        own=kept.things,
        removed=kept.restorable(scope.now),
        aside=aside(console),
        generated=any(line.report.basis.generated for line in lines),
        example=EXAMPLE.format(
            site=scope.site.id if scope.site else "my-site",
            monitor=settings.monitors[0].id if settings.monitors else "home",
        ),
    )


def journey(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    id_ = request.path_params["id"]
    report = journey_answer(console, scope, id_)
    report = structs.replace(report, funnel=only_level(report.funnel, scope.level))
    question = journey_question(console.settings, id_)
    kept = CHANGES.shown(console)
    own = None if id_ in console.fixed_journeys else kept.get(id_)
    return console.page(
        request,
        "journey.html",
        scope,
        live_s=3,
        uses_level=True,
        journey=journey_line(report),
        own=own,
        gone=list(gone_monitors(console, own).values()),
        said=CHANGES.said(console, kept, request.query_params),
        findings=[(line, _closer(scope, request.url.path, line)) for line in finding_lines(report)],
        incidents=[each for row in report.uptime.monitors if (each := ongoing(row))],
        names={row.monitor: row.name or row.monitor for row in report.uptime.monitors},
        steps=[step.label for step in question.steps],
        chart=pictures.journey_axis(report, question.scope.levels, scope.level),
        level_places=pictures.level_places(question.scope.levels),
        address=scope.href("/api/v1/reports/journey", site=None, level=None, journey=id_),
        funnel_address=funnel_address(console, scope, id_),
    )


def journey_lines(console: Console, scope: Scope) -> list[JourneyLine]:
    """The journeys of the scope's site, in the order of the settings."""
    site = scope.site.id if scope.site else ""
    ids = [journey.id for journey in console.settings.journeys if journey.site == site]
    lived = [console.answers.soon(partial(_lived, console, scope, id_)) for id_ in ids]
    return [
        structs.replace(journey_line(journey_answer(console, scope, id_)), lived=each())
        for id_, each in zip(ids, lived, strict=True)
    ]


def _lived(console: Console, scope: Scope, id_: str) -> Estimate:
    """How much of their time it worked for people, with what was missing where that is known."""
    params = {"journey": id_, **scope.report_params()}
    report = perceived_answer(console, scope, params, LISTED_FRESH_S)
    return report.perceived or report.everyone.user_uptime


def journey_answer(console: Console, scope: Scope, id_: str) -> JourneyReport:
    question = journey_question(console.settings, id_)

    def compute(snapshot: Snapshot) -> JourneyReport:
        return journey_report(
            snapshot, question, scope.window, scope.now, maintenance_of(console.settings)
        )

    return console.answers.ask(("journey", id_, scope.question()), compute, JOURNEY_FRESH_S)


def _closer(scope: Scope, path: str, line: FindingLine) -> str:
    """The same page around one finding; "" where it would show the same."""
    if line.around is None:
        return ""
    start, end = (f"{each:%Y-%m-%dT%H:%MZ}" for each in (line.around.start, line.around.end))
    return scope.href(path, days=None, start=start, end=end)


def funnel_address(console: Console, scope: Scope, id_: str) -> str:
    """The journey's steps as a funnel of its own."""
    return scope.href("/funnels", **funnel_params(journey_settings(console, id_)))


def journey_settings(console: Console, id_: str) -> JourneySettings:
    return next(journey for journey in console.settings.journeys if journey.id == id_)
