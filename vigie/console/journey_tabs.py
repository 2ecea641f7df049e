"""A journey's tabs: outside, people, activity and errors, each in detail; and how a whole site was
lived."""

from functools import partial
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from analytics.charts.activity import activity_bars
from analytics.reports.activity_types import ActivityReport
from analytics.reports.error_types import ErrorGroup, ErrorsReport
from store.snapshot import Snapshot
from vigie.console import pictures
from vigie.console.console import Console, console_of
from vigie.console.errors import errors_answer
from vigie.console.findings import journey_line
from vigie.console.first_start import first_start
from vigie.console.journeys import funnel_address, journey_answer
from vigie.console.lived import FRESH_S, perceived_answer
from vigie.console.scope import Scope
from vigie.reporting.catalogue import run_report
from vigie.reporting.funnels import only_level
from vigie.reporting.journeys import journey_question
from vigie.reporting.params import BadRequestError, named
from vigie.settings import JourneySettings

TABS = ("outside", "people", "activity", "errors")
ERRORS_MAX = 30


def tab(request: Request) -> Response:
    """One tab of a journey. Raises BadRequestError."""
    console = console_of(request)
    scope = console.scope(request)
    id_, shown = request.path_params["id"], request.path_params["tab"]
    if shown not in TABS:
        raise BadRequestError(
            f"A journey has no tab {shown!r}.", f"Its tabs are {', '.join(TABS)}."
        )
    journey = named(id_, console.settings.journeys, "journey")
    asked = console.answers.soon(partial(journey_answer, console, scope, id_))
    values = {
        "outside": _outside,
        "people": _people,
        "activity": _activity,
        "errors": _errors,
    }[shown](console, scope, journey, request)
    report = asked()
    question = journey_question(console.settings, id_)
    return console.page(
        request,
        "journey_tab.html",
        scope,
        uses_level=shown in ("people", "errors"),
        tab=shown,
        journey=journey_line(report),
        report=report,
        steps=[step.label for step in question.steps],
        target=journey.target,
        level_places=pictures.level_places(question.scope.levels),
        **values,
    )


def perceived(request: Request) -> Response:
    """How a whole site was lived."""
    console = console_of(request)
    scope = console.scope(request)
    if scope.site is None:
        return first_start(request, console, scope)
    return console.page(
        request,
        "perceived.html",
        scope,
        level_places=pictures.level_places(scope.site.levels),
        **_perceived(console, scope, {"site": scope.site.id}),
    )


def _outside(
    console: Console, scope: Scope, journey: JourneySettings, request: Request
) -> dict[str, Any]:
    return _perceived(console, scope, {"journey": journey.id})


def _people(
    console: Console, scope: Scope, journey: JourneySettings, request: Request
) -> dict[str, Any]:
    lived = _perceived(console, scope, {"journey": journey.id})
    report = journey_answer(console, scope, journey.id)  # by now it was asked for
    return {
        **lived,
        "funnel": only_level(report.funnel, scope.level),
        "funnel_address": funnel_address(console, scope, journey.id),
    }


def _activity(
    console: Console, scope: Scope, journey: JourneySettings, request: Request
) -> dict[str, Any]:
    if not journey.event:
        return {"activity": None}
    site = named(journey.site, console.settings.sites, "site")
    by = request.query_params.get("by", "level").strip()
    params = {"journey": journey.id, "by": by, **scope.report_params()}

    def compute(snapshot: Snapshot) -> ActivityReport:
        found = run_report("activity", params, console.settings, snapshot, scope.now)
        assert isinstance(found, ActivityReport)
        return found

    found = console.answers.ask(("activity", tuple(sorted(params.items()))), compute, FRESH_S)
    return {
        "activity": found,
        "chart": Markup(activity_bars(found)),
        "by": by,
        "bys": ("level", *site.attributes_counted),
        "extra": {"by": by},
        "address": scope.href(
            "/api/v1/reports/activity", **{"site": None, "level": None, **params}
        ),
    }


def _errors(
    console: Console, scope: Scope, journey: JourneySettings, request: Request
) -> dict[str, Any]:
    """The groups met on the pages of its steps."""
    groups: dict[str, ErrorGroup] = {}
    asked = [
        console.answers.soon(partial(_errors_of, console, scope, journey.site, page))
        for page in dict.fromkeys(step.page for step in journey.steps if step.page)
    ]
    for report in asked:
        for group in report().rows:
            groups.setdefault(group.fingerprint, group)
    rows = sorted(groups.values(), key=lambda group: -group.sessions.value)
    return {"groups": rows[:ERRORS_MAX], "more": max(0, len(rows) - ERRORS_MAX)}


def _errors_of(console: Console, scope: Scope, site: str, page: str) -> ErrorsReport:
    params = {"site": site, "level": scope.level, "page": page, **scope.report_params()}
    asked = {name: value for name, value in params.items() if value}
    return errors_answer(console, scope, asked, FRESH_S)


def _perceived(console: Console, scope: Scope, asked: dict[str, str]) -> dict[str, Any]:
    params = {**asked, **scope.report_params()}
    names = {each.id: each.name or each.id for each in console.settings.monitors}
    return {
        "lived": perceived_answer(console, scope, params),
        "names": names,
        "lived_address": scope.href(
            "/api/v1/reports/perceived", **{"site": None, "level": None, **params}
        ),
    }
