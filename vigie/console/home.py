"""Home: what is down now, the journeys, the biggest drop, and how fresh all of it is."""

from starlette.requests import Request
from starlette.responses import Response

from vigie.console import pictures
from vigie.console.backups import backup_now
from vigie.console.certificates import certificates_now
from vigie.console.console import console_of
from vigie.console.contracts import budgets
from vigie.console.errors import news_of_week
from vigie.console.findings import biggest_drop, headline
from vigie.console.first_start import first_start
from vigie.console.freshness import freshness_now, freshness_values
from vigie.console.journeys import funnel_address, journey_lines
from vigie.console.resources import disk_warning
from vigie.console.samples import skew_now
from vigie.console.strips import now_report, strips_report

LIVE_S = 2


def home(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    fresh = freshness_now(console)
    if scope.site is None or fresh.last_event(scope.site.id) is None:
        return first_start(request, console, scope)
    errors = console.answers.soon(lambda: news_of_week(console, scope))
    report = strips_report(console)
    journeys = journey_lines(console, scope)
    drop = biggest_drop([line.report for line in journeys])
    return console.page(
        request,
        "home.html",
        scope,
        live_s=LIVE_S,
        uptime=report,
        strips=pictures.strips(report),
        headline=headline(now_report(console).monitors),
        journeys=journeys,
        drop=drop,
        drop_address=funnel_address(console, scope, drop.journey.id) if drop else "",
        budgets=budgets(console),
        certificates=certificates_now(console),
        backup=backup_now(console),
        disk=disk_warning(console),
        errors=errors(),
        skew=skew_now(console),
        last_check=fresh.last_check(),
        generated=fresh.generated,
        **freshness_values(console, fresh),
    )
