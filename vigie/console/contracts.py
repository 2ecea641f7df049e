"""Contracts: what is promised a month, what is left of it, and one month to print."""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from analytics.reports.contract import contract as contract_report
from analytics.reports.contract_types import (
    ContractQuestion,
    ContractReport,
    ContractState,
    Month,
    month_of,
)
from store.snapshot import Snapshot
from vigie.console.console import Console, console_of
from vigie.contract_words import STATES
from vigie.contracts import contract_questions
from vigie.maintenance import maintenance_of
from vigie.reporting.availability import contract_question
from vigie.reporting.params import MONTHS_BACK_MAX, month_asked

LIVE_S = 2
FRESH_S, OVER_FRESH_S = 10.0, 60.0
"""A month reads much and moves little; one that is over moves only when results come late."""
BLIPS_MAX = 40
TONES = {
    ContractState.NO_DATA: "unknown",
    ContractState.RUNNING: "up",
    ContractState.KEPT: "up",
    ContractState.BROKEN: "down",
}


class ContractLine(Struct, frozen=True, kw_only=True):
    """A contract in a list: the month that runs, and how the one before ended."""

    report: ContractReport
    before: ContractReport
    tone: str
    before_verdict: str
    before_tone: str


def contracts(request: Request) -> Response:
    console = console_of(request)
    return console.page(
        request,
        "contracts.html",
        console.scope(request),
        uses_dates=False,
        live_s=LIVE_S,
        lines=[_line(console, question) for question in contract_questions(console.settings)],
    )


def contract(request: Request) -> Response:
    """One month of one contract. Raises BadRequestError."""
    console = console_of(request)
    question = contract_question(console.settings, request.path_params["id"])
    now = console.context.clock()
    month = month_asked(request.query_params.get("month", ""), question.timezone, now)
    running = month_of(now, question.timezone)
    report = month_answer(console, question, month)
    live = {} if report.over else {"live_s": LIVE_S}
    address = f"/api/v1/reports/contract?contract={question.id}&month={month}"
    return console.page(
        request,
        "contract.html",
        console.scope(request),
        uses_dates=False,
        report=report,
        verdict=verdict(report),
        tone=tone(report),
        blips_max=BLIPS_MAX,
        names={row.monitor: row.name or row.monitor for row in report.monitors},
        before=month.moved(-1) if month > running.moved(-MONTHS_BACK_MAX) else None,
        after=month.moved(1) if month < running else None,
        now=now,
        address=address,
        **live,
    )


def budgets(console: Console, monitor: str = "") -> list[ContractReport]:
    """The running month of every contract, or of those that `monitor` is in."""
    now = console.context.clock()
    return [
        month_answer(console, question, month_of(now, question.timezone))
        for question in contract_questions(console.settings)
        if not monitor or monitor in question.monitors
    ]


def month_answer(console: Console, question: ContractQuestion, month: Month) -> ContractReport:
    over = month < month_of(console.context.clock(), question.timezone)

    def compute(snapshot: Snapshot) -> ContractReport:
        now, planned = console.context.clock(), maintenance_of(console.settings)
        return contract_report(snapshot, question, month, now, planned)

    asked = ("contract", question.id, question.target, question.monitors, month)
    return console.answers.ask(asked, compute, OVER_FRESH_S if over else FRESH_S)


def verdict(report: ContractReport) -> str:
    """The month in a word or two."""
    if report.state is ContractState.KEPT and not report.sure:
        return "Kept, as far as was seen"
    return STATES[report.state]


def tone(report: ContractReport) -> str:
    unsure = report.state is not ContractState.NO_DATA and not report.sure
    return "degraded" if unsure else TONES[report.state]


def _line(console: Console, question: ContractQuestion) -> ContractLine:
    running = month_of(console.context.clock(), question.timezone)
    report = month_answer(console, question, running)
    before = month_answer(console, question, running.moved(-1))
    return ContractLine(
        report=report,
        before=before,
        tone=tone(report),
        before_verdict=verdict(before),
        before_tone=tone(before),
    )
