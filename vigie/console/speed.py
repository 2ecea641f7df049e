"""Speed: the web vitals of each page, or of one page, one vital of it in full."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from markupsafe import Markup
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from analytics.charts.vitals import by_day, conversion, spread
from analytics.reports.conversion_speed import ConversionSpeedReport
from analytics.reports.types import SpeedReport, SpeedRow
from analytics.reports.vital_types import VitalReport
from analytics.vitals import VITALS as LIMITS
from store.snapshot import Snapshot
from vigie.console import pictures
from vigie.console.console import Console, console_of
from vigie.console.first_start import first_start
from vigie.console.scope import Scope
from vigie.console.texts import VITALS
from vigie.reporting.catalogue import run_report
from vigie.reporting.params import one_of

PAGES_MAX = 100
VITAL_DEFAULT = "lcp"
DEVICE_LINES = ("", "desktop", "phone", "tablet")
FRESH_S = 5.0

Answer = TypeVar("Answer", SpeedReport, VitalReport, ConversionSpeedReport)


class SpeedLine(Struct, frozen=True):
    """A line of the table: a page, or a level of one page, with its vitals by name."""

    name: str
    views: int
    cells: dict[str, SpeedRow]


def speed(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    if scope.site is None:
        return first_start(request, console, scope)
    page = request.query_params.get("page", "")
    device = request.query_params.get("device", "")
    params = {
        "site": scope.site.id,
        "page": page,
        "device": device,
        "level": scope.level,
        **scope.report_params(),
    }
    params = {name: value for name, value in params.items() if value}
    one = one_vital(request, console, scope, params) if page else None
    report = answer(console, scope, "speed", params, SpeedReport)
    lines = by_level(report, scope) if page else by_page(report, scope.level)
    return console.page(
        request,
        "speed.html",
        scope,
        uses_level=True,
        extra={"device": device, "page": page},
        report=report,
        page=page,
        device=device,
        table=lines[:PAGES_MAX],
        vitals=tuple(VITALS),
        level_places=pictures.level_places(scope.site.levels),
        address=scope.href("/api/v1/reports/speed", **params),
        **(one() if one and lines else {"one": None}),
    )


def one_vital(
    request: Request, console: Console, scope: Scope, params: dict[str, str]
) -> Callable[[], dict[str, object]]:
    """What the page of one page shows besides: one vital in full, and LCP against conversion. Both
    are asked at once, and told once they are called for."""
    name = one_of(request.query_params, "vital", tuple(VITALS)) or VITAL_DEFAULT
    vital_params = {**params, "vital": name}
    event = request.query_params.get("event", "").strip()
    converts = {**params, **({"event": event} if event else {})}
    soon = console.answers.soon
    one = soon(partial(answer, console, scope, "vital", vital_params, VitalReport))
    against = (
        soon(partial(answer, console, scope, "conversion_speed", converts, ConversionSpeedReport))
        if event or _has_event(console, scope)
        else lambda: None
    )

    def told() -> dict[str, object]:
        return {
            **_shown(one(), against()),
            "vital_address": scope.href("/api/v1/reports/vital", **vital_params),
            "against_address": scope.href("/api/v1/reports/conversion_speed", **converts),
        }

    return told


def _shown(one: VitalReport, against: ConversionSpeedReport | None) -> dict[str, object]:
    name = one.vital
    limits, unit = LIMITS[name], "" if name == "cls" else "ms"
    label = f"{VITALS[name][0]}, 75th percentile by day"
    devices = tuple(
        device for device in DEVICE_LINES if any(day.device == device for day in one.days)
    )
    return {
        "one": one,
        "vital": name,
        "devices": devices,
        "spread": Markup(spread(one.bins, limits, unit, f"{VITALS[name][0]}: share of views")),
        "by_day": Markup(by_day(one.days, devices, limits, unit, label)),
        "against": against,
        "conversion": Markup(_conversion(against)) if against else "",
    }


def answer(
    console: Console, scope: Scope, name: str, params: dict[str, str], kind: type[Answer]
) -> Answer:
    def compute(snapshot: Snapshot) -> Answer:
        report = run_report(name, params, console.settings, snapshot, scope.now)
        assert isinstance(report, kind)
        return report

    return console.answers.ask((name, tuple(sorted(params.items()))), compute, FRESH_S)


def by_page(report: SpeedReport, level: str) -> list[SpeedLine]:
    """A line a page for everyone, or for the level asked for; most viewed first."""
    rows = [row for row in report.rows if row.level == level]
    lines = [_line(page, [row for row in rows if row.page == page]) for page in _in_order(rows)]
    return sorted(lines, key=lambda line: (-line.views, line.name))


def by_level(report: SpeedReport, scope: Scope) -> list[SpeedLine]:
    """A line for everyone and one for each level, in the levels' order."""
    lines = [
        _line(level, [row for row in report.rows if row.level == level])
        for level in ("", *scope.levels)
    ]
    return [line for line in lines if line.cells]


def _has_event(console: Console, scope: Scope) -> bool:
    site = scope.site.id if scope.site else ""
    return any(each.site == site and each.event for each in console.settings.journeys)


def _conversion(report: ConversionSpeedReport) -> str:
    label = f"Share of sessions that came to {report.event}, by landing LCP"
    return conversion(report.bins, report.flat_below_ms, label)


def _in_order(rows: list[SpeedRow]) -> list[str]:
    return list(dict.fromkeys(row.page for row in rows))


def _line(name: str, rows: list[SpeedRow]) -> SpeedLine:
    return SpeedLine(
        name, max((row.views for row in rows), default=0), {row.vital: row for row in rows}
    )
