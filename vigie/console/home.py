"""Home: what is down now, the journeys, the biggest drop, and how fresh all of it is."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from analytics.question import Window
from analytics.reports.freshness import FreshnessReport, freshness
from analytics.reports.types import UptimeReport
from analytics.reports.uptime import uptime
from vigie.console import install, pictures
from vigie.console.console import Console, console_of
from vigie.console.findings import biggest_drop, headline
from vigie.console.journeys import funnel_address, journey_lines
from vigie.console.scope import Scope
from vigie.report_requests import site_of

STRIP_DAYS = 90
LIVE_S = 2


class FreshnessLine(Struct, frozen=True):
    name: str
    last: datetime | None


def home(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    fresh = freshness_now(console, scope)
    if _nothing_yet(console, fresh, scope):
        return first_start(request, console, scope, fresh)
    report = strips_report(console, scope)
    journeys = journey_lines(console, scope)
    drop = biggest_drop([line.report for line in journeys])
    return console.page(
        request,
        "home.html",
        scope,
        live_s=LIVE_S,
        uses_level=False,
        uptime=report,
        strips=pictures.strips(report),
        headline=headline(report.monitors),
        journeys=journeys,
        drop=drop,
        drop_address=funnel_address(console, scope, drop.journey.id) if drop else "",
        generated=fresh.generated,
        **freshness_values(console, fresh),
    )


def first_start(
    request: Request, console: Console, scope: Scope, fresh: FreshnessReport
) -> Response:
    """What a console with nothing to show says instead: what to do for the first page view."""
    return console.page(
        request,
        "first_start.html",
        scope,
        uses_dates=False,
        site=scope.site,
        arrived=fresh.last_event(scope.site.id) if scope.site else None,
        install=install.texts_for(console, scope.site) if scope.site else None,
    )


def arrivals(request: Request) -> Response:
    """Whether the site has sent anything yet; a page without data asks every few seconds."""
    console = console_of(request)
    site = site_of(request.query_params, console.settings)
    fresh = freshness_now(console, console.scope(request))
    last = fresh.last_event(site.id)
    return JSONResponse({"arrived": last is not None, "last": last.isoformat() if last else None})


def strips_report(console: Console, scope: Scope) -> UptimeReport:
    """Uptime of every monitor over the last 90 whole days and now."""
    monitors = [monitor.id for monitor in console.settings.monitors] or None

    def compute(snapshot):
        now = console.context.clock()
        return uptime(snapshot, monitors, strip_window(now), now)

    return console.answers.ask(("strips",), compute)


def strip_window(now: datetime) -> Window:
    """STRIP_DAYS days by UTC, today among them."""
    today = datetime.combine(now.date(), time(), now.tzinfo)
    return Window(today - timedelta(days=STRIP_DAYS - 1), now)
