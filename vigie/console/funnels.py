"""Funnels: steps picked from pages and events really seen, and the answer by level."""

from collections.abc import Mapping

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from analytics.funnel_chain import STEPS_MAX
from analytics.question import Step
from analytics.reports.seen import seen as seen_report
from analytics.reports.types import FunnelReport, SeenReport, SeenRow
from store.snapshot import Snapshot
from vigie.console import pictures
from vigie.console.console import Console, console_of
from vigie.console.formats import interval, percent
from vigie.console.journeys import funnel_params
from vigie.console.scope import Scope
from vigie.reporting.catalogue import run_report
from vigie.reporting.funnels import WINDOW_MINUTES_DEFAULT
from vigie.reporting.params import scope_of
from vigie.reporting.steps import step_of, step_text

WINDOWS_MINUTES = (15.0, 30.0, 60.0, 240.0, 1440.0)
STEPS_MIN = 2


class Option(Struct, frozen=True):
    value: str
    label: str
    count: int


class Seen(Struct, frozen=True):
    """What can be picked: groups of options, and the values among them."""

    options: list[tuple[str, list[Option]]]
    known: frozenset[str]


class Asked(Struct, frozen=True):
    """A funnel as its address asks for it. An empty step is one still to be chosen."""

    steps: list[str]
    window_minutes: str

    def chosen(self) -> str:
        return ",".join(step for step in self.steps if step)


def funnels(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    asked = Asked(asked_steps(request), request.query_params.get("window_minutes", ""))
    if "step" in request.query_params or "do" in request.query_params:
        return _tidied(scope, asked, request.query_params.get("do", ""))
    asked = asked if asked.steps else _default(console, scope)
    params = {
        "site": scope.site.id if scope.site else "",
        "steps": asked.chosen(),
        "window_minutes": asked.window_minutes or f"{WINDOW_MINUTES_DEFAULT:g}",
        "level": scope.level,
        **scope.report_params(),
    }
    params = {name: value for name, value in params.items() if value}
    enough = sum(map(bool, asked.steps)) >= STEPS_MIN
    report = funnel_answer(console, scope, params) if enough else None
    minutes = report.window_s / 60 if report else WINDOW_MINUTES_DEFAULT
    levels = scope.site.levels if scope.site else ()
    return console.page(
        request,
        "funnels.html",
        scope,
        uses_level=True,
        extra={"steps": ",".join(asked.steps), "window_minutes": asked.window_minutes},
        seen=seen_answer(console, scope),
        steps=asked.steps + [""] * (STEPS_MIN - len(asked.steps)),
        steps_max=STEPS_MAX,
        windows=sorted({*WINDOWS_MINUTES, minutes}),
        window_minutes=minutes,
        funnel=report,
        answer=_answer(report) if report else "",
        chart=pictures.funnel(report, levels) if report and report.everyone.entered else "",
        level_places=pictures.level_places(levels),
        address=scope.href("/api/v1/reports/funnel", **params),
    )


def asked_steps(request: Request) -> list[str]:
    """The steps of the address: `steps` as one text, or `step` once for each, as the form has."""
    if text := request.query_params.get("steps", ""):
        return text.split(",")[:STEPS_MAX]
    return request.query_params.getlist("step")[:STEPS_MAX]


def changed(steps: list[str], action: str) -> list[str]:
    """The steps after one of the form's buttons: add, up-2, down-2, remove-2."""
    verb, place = _read(action)
    steps = list(steps)
    if verb == "add" and len(steps) < STEPS_MAX:
        return [*steps, ""]
    if not 0 <= place < len(steps):
        return steps
    if verb == "remove":
        del steps[place]
    other = {"up": place - 1, "down": place + 1}.get(verb, -1)
    if 0 <= other < len(steps):
        steps[place], steps[other] = steps[other], steps[place]
    return steps


def funnel_answer(console: Console, scope: Scope, params: Mapping[str, str]) -> FunnelReport:
    def compute(snapshot: Snapshot) -> FunnelReport:
        report = run_report("funnel", params, console.settings, snapshot, scope.now)
        assert isinstance(report, FunnelReport)
        return report

    return console.answers.ask(("funnel", tuple(sorted(params.items()))), compute)


def seen_answer(console: Console, scope: Scope) -> Seen:
    site = scope.site
    if site is None:
        return Seen([], frozenset())

    def compute(snapshot: Snapshot) -> Seen:
        return _options(seen_report(snapshot, scope_of(site), scope.window))

    return console.answers.ask(("seen", site.id, scope.question()), compute)


def _tidied(scope: Scope, asked: Asked, action: str) -> Response:
    """The form's answer: the same funnel, under the short address that is shared."""
    steps = changed(asked.steps, action)
    texts = [step_text(step_of(step)) if step else "" for step in steps]
    address = scope.href(
        "/funnels", steps=",".join(texts), window_minutes=asked.window_minutes or None
    )
    place = _place_after(action, len(steps))
    return RedirectResponse(f"{address}#step-{place}" if place else address, status_code=303)


def _place_after(action: str, steps: int) -> int | None:
    """The step, from 1, that keyboard readers go on from after one of the form's buttons."""
    verb, place = _read(action)
    return {"add": steps, "up": place, "down": place + 2, "remove": min(place + 1, steps)}.get(verb)


def _read(action: str) -> tuple[str, int]:
    """The button's verb and the place, from 0, of its step; -1 when it has none."""
    verb, _, number = action.partition("-")
    return verb, int(number) - 1 if number.isdecimal() else -1


def _default(console: Console, scope: Scope) -> Asked:
    """The steps of the site's first journey, so that the page opens with an answer."""
    site = scope.site.id if scope.site else ""
    for journey in console.settings.journeys:
        if journey.site == site and len(journey.steps) >= STEPS_MIN:
            params = funnel_params(journey)
            return Asked(params["steps"].split(","), params["window_minutes"])
    return Asked([], "")


def _answer(report: FunnelReport) -> str:
    """The funnel in one sentence."""
    if not report.everyone.steps or not report.everyone.entered:
        return "No session entered this funnel in this window"
    last = report.everyone.steps[-1].of_entered
    if last.value is None:
        return "Too few sessions entered to say how many get through"
    return f"{percent(last.value)} of sessions get through ({interval(last)})"


def _options(report: SeenReport) -> Seen:
    groups = [
        ("Pages", [_option(Step(page=row.name), row) for row in report.pages]),
        ("Events", [_option(Step(event=row.name), row) for row in report.events]),
    ]
    options = [(name, found) for name, found in groups if found]
    return Seen(options, frozenset(option.value for _, group in options for option in group))


def _option(step: Step, row: SeenRow) -> Option:
    return Option(step_text(step), step.label, row.sessions)
