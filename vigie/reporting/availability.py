"""Requests for reports of availability: uptime, latency, contract."""

from collections.abc import Mapping
from datetime import datetime

from analytics.reports.contract import contract
from analytics.reports.contract_types import ContractQuestion, ContractReport
from analytics.reports.latency import latency
from analytics.reports.types import (
    LatencyReport,
    UptimeReport,
)
from analytics.reports.uptime import uptime
from store.snapshot import Snapshot
from vigie.contracts import contract_questions
from vigie.maintenance import maintenance_of
from vigie.reporting.params import month_asked, named, window_of
from vigie.settings import Settings


def contract_question(settings: Settings, id_: str) -> ContractQuestion:
    """The contract of that id, or monitor with a target. Raises BadRequestError."""
    return named(id_, contract_questions(settings), "contract")


def uptime_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> UptimeReport:
    monitor = params.get("monitor", "")
    if monitor:
        named(monitor, settings.monitors, "monitor")
    monitors = [monitor] if monitor else [known.id for known in settings.monitors]
    return uptime(snapshot, monitors, window_of(params, now), now, maintenance_of(settings))


def latency_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> LatencyReport:
    monitor = named(params.get("monitor", ""), settings.monitors, "monitor")
    return latency(snapshot, monitor.id, window_of(params, now))


def contract_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> ContractReport:
    question = contract_question(settings, params.get("contract", ""))
    month = month_asked(params.get("month", ""), question.timezone, now)
    return contract(snapshot, question, month, now, maintenance_of(settings))
