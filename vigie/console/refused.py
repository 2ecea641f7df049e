"""Data > Refused: what was not accepted, by reason and site, by hour, and the single ones kept."""

from markupsafe import Markup
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from analytics.charts.count_strip import count_strip
from analytics.reports.refused import LATEST_MAX, RefusedReport, RefusedRow
from store.snapshot import Snapshot
from vigie.console.console import Console, console_of
from vigie.console.scope import Scope
from vigie.console.texts import reason_name
from vigie.reporting.catalogue import run_report
from vigie.reporting.data import NO_SITE

REASON_ROWS = 20
HOUR_ROWS = 72
ADDRESS = "/data/refused"


class RefusedLine(Struct, frozen=True):
    """A reason and site, when its refusals came, and where the single ones are."""

    row: RefusedRow
    strip: Markup
    address: str


def page(request: Request) -> Response:
    """GET /data/refused?of=SITE&reason=REASON&after=N, `of` "-" being no site that could be told.

    Raises BadRequestError.
    """
    console = console_of(request)
    scope = console.scope(request)
    names = ("of", "reason", "after")
    asked = {name: request.query_params.get(name, "").strip() for name in names}
    after = asked.pop("after")
    params = {"site": asked["of"], "reason": asked["reason"]}
    report = refused_answer(console, scope, {**params, "after": after})
    return console.page(
        request,
        "refused.html",
        scope,
        extra=asked,
        asked=asked,
        sites=(*(site.id for site in console.settings.sites), NO_SITE),
        reasons=sorted({row.reason for row in refused_answer(console, scope, {}).rows}),
        report=report,
        lines=_lines(report, scope),
        hours=report.hours[:HOUR_ROWS],
        newer=max(report.after - LATEST_MAX, 0) if report.after else None,
        older=report.after + LATEST_MAX if report.more else None,
        address=scope.href("/api/v1/reports/refused", level=None, **{"site": None, **params}),
    )


def refused_lines(console: Console, scope: Scope) -> list[RefusedLine]:
    """Of every site, most frequent first."""
    return _lines(refused_answer(console, scope, {}), scope)


def refused_answer(console: Console, scope: Scope, params: dict[str, str]) -> RefusedReport:
    asked = {name: value for name, value in params.items() if value} | scope.report_params()

    def compute(snapshot: Snapshot) -> RefusedReport:
        now = console.context.clock()
        report = run_report("refused", asked, console.settings, snapshot, now)
        assert isinstance(report, RefusedReport)
        return report

    return console.answers.ask(("refused", tuple(sorted(asked.items()))), compute)


def _lines(report: RefusedReport, scope: Scope) -> list[RefusedLine]:
    return [
        RefusedLine(
            row,
            _strip(report, row),
            scope.href(ADDRESS, of=row.site or NO_SITE, reason=row.reason) + "#single",
        )
        for row in report.rows
    ]


def _strip(report: RefusedReport, row: RefusedRow) -> Markup:
    counts = [
        (each.hour, each.count)
        for each in report.hours
        if each.reason == row.reason and each.site == row.site
    ]
    label = f"{reason_name(row.reason)[0]}, {row.site or 'no site'}: {row.count:,} over the window"
    return Markup(count_strip(counts, report.start, report.end, label))
