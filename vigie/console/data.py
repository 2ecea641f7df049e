"""Data: what was refused and why, how fresh the store is, and how Vigie's processes are."""

from starlette.requests import Request
from starlette.responses import Response

from analytics.reports.refused import RefusedReport, refused
from store.snapshot import Snapshot
from vigie.console.console import Console, console_of
from vigie.console.freshness import freshness_now, freshness_values
from vigie.console.scope import Scope
from vigie.supervisor_status import read_status

FAILURES_MAX = 20


def data(request: Request) -> Response:
    console = console_of(request)
    scope = console.scope(request)
    fresh = freshness_now(console)
    return console.page(
        request,
        "data.html",
        scope,
        live_s=3,
        reasons=refused_answer(console, scope).rows,
        refused_address=scope.href("/api/v1/reports/refused", site=None, level=None),
        supervisor=read_status(console.context.folder.run),
        generated=fresh.generated,
        held=fresh.rows,
        failures=fresh.failures[:FAILURES_MAX],
        **freshness_values(console, fresh),
    )


def refused_answer(console: Console, scope: Scope) -> RefusedReport:
    def compute(snapshot: Snapshot) -> RefusedReport:
        return refused(snapshot, scope.window)

    return console.answers.ask(("refused", scope.question()), compute)
