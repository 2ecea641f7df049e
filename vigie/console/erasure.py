"""Data > Erasure: ask for one, see what waits and what is done; and the attestation of a month."""

import logging

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from analytics.reports.contract_types import month_of
from analytics.reports.deletion import DeletionReport
from store.snapshot import Snapshot
from vigie.console.api import refused
from vigie.console.console import Console, console_of
from vigie.erasures import ErasureProblem, Erasures, Stage
from vigie.reporting.catalogue import run_report, to_json
from vigie.reporting.params import MONTHS_BACK_MAX, BadRequestError, month_asked

ADDRESS = "/data/erasure"

log = logging.getLogger("vigie.console")


def page(request: Request) -> Response:
    """One month's deletions, and a form. Raises BadRequestError."""
    return _page(request, problem=None, typed={})


async def ask(request: Request) -> Response:
    """The form: what is typed wrong is said beside it, and stays typed."""
    form = await request.form()
    typed = {name: str(form.get(name, "")).strip() for name in ("site", "user", "session")}
    try:
        asked = _erasures(request).ask(**typed)
    except ErasureProblem as problem:
        return _page(request, problem=problem, typed=typed)
    return RedirectResponse(f"{ADDRESS}?asked={asked.receipt}#waiting", 303)


def begin(request: Request) -> Response:
    """POST /api/v1/erasures?site=ID&user=KEY or &session=ID: 202 and the receipt to ask for."""
    asked = {name: request.query_params.get(name, "") for name in ("site", "user", "session")}
    erasures = _erasures(request)
    try:
        receipt = erasures.ask(**asked).receipt
    except ErasureProblem as problem:
        return refused(problem.what, problem.right)
    return Response(to_json(erasures.status(receipt)), 202, media_type="application/json")


def progress(request: Request) -> Response:
    """GET /api/v1/erasures/RECEIPT"""
    status = _erasures(request).status(request.path_params["receipt"])
    if status.stage is Stage.UNKNOWN:
        return JSONResponse({"error": {"what": "There is no such erasure.", "right": ""}}, 404)
    return Response(to_json(status), media_type="application/json")


def _page(request: Request, *, problem: ErasureProblem | None, typed: dict[str, str]) -> Response:
    console = console_of(request)
    now = console.context.clock()
    month = month_asked(request.query_params.get("month", ""), "UTC", now)
    running = month_of(now, "UTC")
    erasures = console.context.erasures
    return console.page(
        request,
        "erasure.html",
        console.scope(request),
        uses_dates=False,
        live_s=3,
        status=400 if problem else 200,
        report=_answer(console, str(month)),
        month=month,
        before=month.moved(-1) if month > running.moved(-MONTHS_BACK_MAX) else None,
        after=month.moved(1) if month < running else None,
        waiting=erasures.waiting() if erasures else [],
        can_erase=erasures is not None,
        asked=request.query_params.get("asked", ""),
        problem=problem,
        typed=typed,
        download=f"/api/v1/reports/deletion?month={month}",
    )


def _answer(console: Console, month: str) -> DeletionReport:
    def compute(snapshot: Snapshot) -> DeletionReport:
        params = {"month": month}
        answer = run_report("deletion", params, console.settings, snapshot, console.context.clock())
        assert isinstance(answer, DeletionReport)
        return answer

    return console.answers.ask(("deletion", month), compute)


def _erasures(request: Request) -> Erasures:
    erasures = console_of(request).context.erasures
    if erasures is None:
        raise BadRequestError("This console only shows.", "Erase with vigie erase.")
    return erasures
