"""The first start: what to do for the first page view, and whether it has come."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vigie.console.console import Console, console_of
from vigie.console.findings import headline
from vigie.console.freshness import freshness_now
from vigie.console.install import texts_for
from vigie.console.scope import Scope
from vigie.console.strips import now_report
from vigie.reporting.params import site_of

LIVE_S = 3


def first_start(request: Request, console: Console, scope: Scope) -> Response:
    """What a console with nothing to show says instead."""
    fresh = freshness_now(console)
    return console.page(
        request,
        "first_start.html",
        scope,
        uses_dates=False,
        live_s=LIVE_S,
        headline=headline(now_report(console).monitors),
        last_check=fresh.last_check(),
        site=scope.site,
        arrived=fresh.last_event(scope.site.id) if scope.site else None,
        install=texts_for(console, scope.site) if scope.site else None,
    )


def arrivals(request: Request) -> Response:
    """Whether the site has sent anything yet; a page without data asks every few seconds."""
    console = console_of(request)
    site = site_of(request.query_params, console.settings)
    last = freshness_now(console).last_event(site.id)
    return JSONResponse({"arrived": last is not None, "last": last.isoformat() if last else None})
