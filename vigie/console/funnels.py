"""Funnels: steps picked from what was really seen, and the answer by level or what else; the
sessions behind each bar."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from markupsafe import Markup
from msgspec import structs
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from analytics.breakdown import SITE
from analytics.charts.funnel_time import Point, day_lines, took_bars
from analytics.levels import EVERYONE
from analytics.reports.funnel_days import FunnelDaysReport
from analytics.reports.funnel_days import funnel_days as funnel_days_report
from analytics.reports.funnel_listed import ROWS_MAX, FunnelSessionsReport
from analytics.reports.funnel_types import FunnelReport
from analytics.reports.funnel_why import TRAIT_WORDS, FunnelWhyReport
from analytics.reports.seen import seen as seen_report
from analytics.step_matching import STEPS_MAX
from store.snapshot import Snapshot
from vigie.console import pictures
from vigie.console.console import Console, console_of
from vigie.console.formats import duration, interval, percent
from vigie.console.funnel_actions import CHANGES
from vigie.console.funnel_form import (
    BY,
    OPERATORS,
    ORDERS,
    STEPS_MIN,
    UNITS,
    Asked,
    Seen,
    asked_of,
    changed,
    place_after,
    properties,
    rows_of,
    seen_options,
    tidied,
)
from vigie.console.scope import Scope
from vigie.own_funnels import SavedFunnel
from vigie.own_things import Own
from vigie.reporting.catalogue import run_report
from vigie.reporting.funnels import WINDOW_MINUTES_DEFAULT, WINDOW_MINUTES_MAX
from vigie.reporting.journeys import funnel_params
from vigie.reporting.params import BadRequestError, number_of, scope_of
from vigie.reporting.steps import steps_of

WINDOWS_MINUTES = (15.0, 30.0, 60.0, 240.0, 1440.0, 10_080.0)
FRESH_S = 5.0
SEGMENT_NAMES_MAX = 6
"""As many as there are colours."""


def funnels(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    known = CHANGES.entered(console)
    saved = known.get(request.query_params.get("saved", ""))
    asked = asked_of(request.query_params)
    if "step" in request.query_params or "do" in request.query_params:
        return _tidied(scope, asked, request.query_params.get("do", ""), saved)
    if not asked.steps:
        asked = _asked_saved(saved.thing) if saved else _default(console, scope, asked)
    params = _report_params(scope, asked)
    seen = console.answers.soon(partial(seen_answer, console, scope))
    enough = sum(map(bool, asked.steps)) >= STEPS_MIN
    why = console.answers.soon(partial(_why, console, scope, params)) if enough else None
    report, problem = _answered(console, scope, params) if enough else (None, None)
    minutes = report.window_s / 60 if report else _minutes(asked)
    site = scope.site.id if scope.site else ""
    return console.page(
        request,
        "funnels.html",
        scope,
        uses_level=not asked.options.get("by"),
        extra={"steps": ",".join(asked.steps), **asked.options, "saved": saved and saved.thing.id},
        asked=asked,
        seen=seen(),
        rows=rows_of(asked.steps),
        steps_max=STEPS_MAX,
        windows=sorted({*WINDOWS_MINUTES, minutes}),
        window_minutes=minutes,
        orders=ORDERS,
        units=UNITS,
        breakdowns=_breakdowns(asked, sites=len(console.settings.sites)),
        operators=OPERATORS,
        properties=properties(),
        funnel=report,
        problem=problem,
        saved=saved,
        saved_ones=[each.thing for each in known.things if each.thing.site == site],
        removed=[each for each in known.restorable(scope.now) if each.thing.site == site],
        said=CHANGES.said(console, known, request.query_params),
        longer=_longer(console, saved),
        **(_answer_values(scope, asked, params, report) if report else {}),
        why=why() if why and report and report.everyone.entered else None,
    )


def behind(request: Request) -> Response:
    """GET /funnels/-/sessions: the sessions of one bar."""
    console = console_of(request)
    scope = console.scope(request)
    asked = asked_of(request.query_params)
    bar = {
        name: request.query_params[name]
        for name in ("step", "outcome", "part", "part_2", "recorded", "after")
        if request.query_params.get(name)
    }
    params = {**_report_params(scope, asked), **bar}
    for name in ("compare", "level"):
        params.pop(name, None)

    def compute(snapshot: Snapshot) -> FunnelSessionsReport:
        report = run_report("funnel_sessions", params, console.settings, snapshot, scope.now)
        assert isinstance(report, FunnelSessionsReport)
        return report

    report = console.answers.ask(("funnel_sessions", tuple(sorted(params.items()))), compute)
    labels = [step.label for step in steps_of(asked.chosen())]
    return console.page(
        request,
        "funnel_sessions.html",
        scope,
        extra={**asked.params(), **bar, "after": None},
        report=report,
        bar=bar,
        label=labels[int(float(bar.get("step", "1"))) - 1],
        labels=labels,
        who=", ".join(bar[name] for name in ("part", "part_2") if name in bar),
        back=scope.href("/funnels", **asked.params()),
        href=lambda **changes: scope.href(
            "/funnels/-/sessions", **{**asked.params(), **bar, **changes}
        ),
        newer=max(report.after - ROWS_MAX, 0) if report.after else None,
        older=report.after + ROWS_MAX if report.more else None,
        address=scope.href("/api/v1/reports/funnel_sessions", **params),
    )


def seen_answer(console: Console, scope: Scope) -> Seen:
    site = scope.site
    if site is None:
        return Seen([], frozenset())

    def compute(snapshot: Snapshot) -> Seen:
        return seen_options(seen_report(snapshot, scope_of(site), scope.window))

    return console.answers.ask(("seen", site.id, scope.question()), compute)


def _answered(
    console: Console, scope: Scope, params: Mapping[str, str]
) -> tuple[FunnelReport | None, BadRequestError | None]:
    """The funnel; or, where only users are the matter, why it cannot be told."""

    def compute(snapshot: Snapshot) -> FunnelReport:
        report = run_report("funnel", params, console.settings, snapshot, scope.now)
        assert isinstance(report, FunnelReport)
        return report

    key = ("funnel", tuple(sorted(params.items())))
    try:
        return console.answers.ask(key, compute, FRESH_S), None
    except BadRequestError as error:
        if params.get("unit") != "user":
            raise
        return None, error


def _why(console: Console, scope: Scope, params: Mapping[str, str]) -> FunnelWhyReport:
    asked = {name: value for name, value in params.items() if name not in _NOT_WHY}

    def compute(snapshot: Snapshot) -> FunnelWhyReport:
        report = run_report("funnel_why", asked, console.settings, snapshot, scope.now)
        assert isinstance(report, FunnelWhyReport)
        return report

    return console.answers.ask(("funnel_why", tuple(sorted(asked.items()))), compute, FRESH_S)


_NOT_WHY = frozenset({"by", "compare", "level"})


def _answer_values(
    scope: Scope, asked: Asked, params: dict[str, str], report: FunnelReport
) -> dict[str, Any]:
    """What the page shows of a report."""
    declared = scope.site.levels if scope.site else ()
    charted, names = _charted(report, declared)
    whole = {each.parts: each for each in report.differences if each.step == 0}
    step_of_two = {each.parts: each for each in report.differences if each.step == 1}
    against = whole or step_of_two
    levels = [EVERYONE, *(each.level for each in report.levels if each.entered)]
    lines = (
        [
            (
                level,
                [
                    Point(f"{d.start.day} {d.start:%b}", d.entered[level], d.passed[level])
                    for d in report.days
                ],
            )
            for level in levels
            if level in report.days[0].passed
        ]
        if report.days
        else []
    )
    took = [duration(each.from_s) for each in report.took]
    return {
        "charted": charted,
        "answer": _answer(report),
        "chart": pictures.funnel(charted, names) if report.everyone.entered else "",
        "level_places": pictures.level_places(names),
        "against": {
            each.name: found
            for each in report.shown
            if (found := against.get(each.parts or (each.level,)))
        },
        "took_chart": Markup(took_bars(report.took, took)) if took else "",
        "days_chart": Markup(day_lines(lines, declared)) if len(report.days) > 1 else "",
        "day_levels": levels,
        "why_of": params["site"] if SITE in report.by else "",
        "trait_words": TRAIT_WORDS,
        "address": scope.href("/api/v1/reports/funnel", **params),
        "bar_href": _bar_href(scope, asked, report),
    }


def _charted(
    report: FunnelReport, declared: tuple[str, ...]
) -> tuple[FunnelReport, tuple[str, ...]]:
    """The report with the segments shown in the place of levels, and whose colours they take."""
    if not report.by:
        return report, declared
    segments = tuple(structs.replace(each, level=each.name) for each in report.segments)
    names = tuple(each.level for each in segments)[:SEGMENT_NAMES_MAX]
    return structs.replace(report, levels=segments[:SEGMENT_NAMES_MAX]), names


def _bar_href(scope: Scope, asked: Asked, report: FunnelReport) -> Any:
    """Where the sessions of a cell are listed; "" for what is not one segment of one site."""
    parts = {each.name: each.parts or (each.level,) for each in report.shown}

    def href(segment: Any, step: int, outcome: str) -> str:
        named: dict[str, str] = {}
        if segment.level or segment.parts:
            values = parts.get(segment.name, segment.parts)
            if "other" in values:
                return ""
            named = dict(zip(("part", "part_2"), values, strict=False))
        elif SITE in report.by:
            return ""
        given = {**asked.params(), **named, "step": str(step), "outcome": outcome}
        return scope.href("/funnels/-/sessions", level=None, **given)

    return href


def _report_params(scope: Scope, asked: Asked) -> dict[str, str]:
    params = {
        "site": scope.site.id if scope.site else "",
        **asked.params(),
        "window_minutes": asked.options.get("window_minutes", f"{WINDOW_MINUTES_DEFAULT:g}"),
        "level": "" if asked.options.get("by") else scope.level,
        "compare": "before",
        **scope.report_params(),
    }
    return {name: value for name, value in params.items() if value}


def _tidied(scope: Scope, asked: Asked, action: str, saved: Own[SavedFunnel] | None) -> Response:
    """The form's answer: the same funnel, under the short address that is shared."""
    steps = changed(asked.steps, action, "")
    address = scope.href(
        "/funnels",
        steps=tidied(steps),
        saved=saved.thing.id if saved else None,
        **{name: value for name, value in asked.options.items() if value not in _PLAIN},
    )
    place = place_after(action, len(steps))
    return RedirectResponse(f"{address}#step-{place}" if place else address, status_code=303)


_PLAIN = frozenset({"ordered", "session"})


def _default(console: Console, scope: Scope, asked: Asked) -> Asked:
    """The steps of the site's first journey, so that the page opens with an answer."""
    site = scope.site.id if scope.site else ""
    for journey in console.settings.journeys:
        if journey.site == site and len(journey.steps) >= STEPS_MIN:
            params = funnel_params(journey)
            steps = params.pop("steps").split(",")
            return Asked(steps, {**params, **asked.options})
    return asked


def _asked_saved(funnel: SavedFunnel) -> Asked:
    params = funnel.params()
    del params["site"]
    return Asked(params.pop("steps").split(","), params)


def _minutes(asked: Asked) -> float:
    most, usual = WINDOW_MINUTES_MAX, WINDOW_MINUTES_DEFAULT
    try:
        return number_of(asked.options, "window_minutes", usual, least=1, most=most)
    except BadRequestError:  # said once there are steps to answer
        return usual


def _breakdowns(asked: Asked, sites: int) -> dict[str, str]:
    by = asked.options.get("by", "")
    offered = {
        names: words for names, words in BY.items() if sites > 1 or SITE not in names.split(",")
    }
    return offered if by in offered else {**offered, by: BY.get(by, by.replace(",", " and "))}


def _longer(console: Console, saved: Own[SavedFunnel] | None) -> dict[str, Any] | None:
    """The days kept of a saved funnel, and their picture."""
    if saved is None:
        return None
    id_ = saved.thing.id

    def compute(snapshot: Snapshot) -> FunnelDaysReport | None:
        return funnel_days_report(snapshot, id_)

    report = console.answers.ask(("funnel_days", id_), compute, FRESH_S)
    if report is None:
        return None
    days = [each for each in report.days if each.level == EVERYONE]
    points = [Point(f"{d.day.day} {d.day:%b}", d.reached[0], d.passed) for d in days]
    return {
        "report": report,
        "days": days,
        "chart": Markup(day_lines([(EVERYONE, points)], ())) if len(points) > 1 else "",
    }


def _answer(report: FunnelReport) -> str:
    """The funnel in one sentence."""
    noun = "sessions" if report.unit.value == "session" else "users"
    if not report.everyone.steps or not report.everyone.entered:
        return f"No {noun[:-1]} entered this funnel in this window"
    last = report.everyone.steps[-1].of_entered
    if last.value is None:
        return f"Too few {noun} entered to say how many get through"
    return f"{percent(last.value)} of {noun} get through ({interval(last)})"
