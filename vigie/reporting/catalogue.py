"""The reports there are, and the way from a request in words to one, and on to JSON or CSV."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.types import is_object_dtype, is_string_dtype

from analytics.reports.activity_types import ActivityReport
from analytics.reports.clicks_types import ClicksReport
from analytics.reports.contract_types import ContractReport
from analytics.reports.conversion_speed import ConversionSpeedReport
from analytics.reports.cost import CostReport
from analytics.reports.deletion import DeletionReport
from analytics.reports.error_types import ErrorReport, ErrorsReport
from analytics.reports.funnel_days import FunnelDaysReport
from analytics.reports.funnel_listed import FunnelSessionsReport
from analytics.reports.funnel_why import FunnelWhyReport
from analytics.reports.paths_types import PathsReport
from analytics.reports.perceived_types import PerceivedReport
from analytics.reports.refused import RefusedReport
from analytics.reports.session import SessionReport
from analytics.reports.sessions import SessionsReport
from analytics.reports.types import (
    FunnelReport,
    JourneyReport,
    LatencyReport,
    SeenReport,
    SpeedReport,
    UptimeReport,
)
from analytics.reports.vital_types import VitalReport
from analytics.sampling import UnitError
from store.snapshot import Snapshot
from vigie.readiness import ReadyReport
from vigie.reporting.availability import contract_asked, latency_asked, uptime_asked
from vigie.reporting.clicks import clicks_asked
from vigie.reporting.data import deletion_asked, refused_asked
from vigie.reporting.errors import error_asked, errors_asked
from vigie.reporting.funnels import PARAMS as FUNNEL_PARAMS
from vigie.reporting.funnels import (
    funnel_asked,
    funnel_days_asked,
    funnel_sessions_asked,
    funnel_why_asked,
)
from vigie.reporting.journeys import journey_asked, ready_asked
from vigie.reporting.params import WINDOW_PARAMS, BadRequestError
from vigie.reporting.paths import paths_asked
from vigie.reporting.people import activity_asked, cost_asked, perceived_asked
from vigie.reporting.speed import conversion_speed_asked, vital_asked
from vigie.reporting.usage import (
    seen_asked,
    session_asked,
    sessions_asked,
    speed_asked,
)
from vigie.settings import Settings

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Report(Protocol):
    """What every report is: a msgspec Struct that also gives a frame."""

    def frame(self) -> pd.DataFrame: ...


class ReportKind(msgspec.Struct, frozen=True):
    """A report that can be asked for: what it answers with, by which function, and the parameters
    it takes; beside them `days`, or `start` and `end`, unless its time is its own."""

    answer: type[Any]
    ask: Callable[[Mapping[str, str], Settings, Snapshot, datetime], Report]
    params: frozenset[str]
    own_time: bool = False


def _kind(
    answer: type[Any],
    ask: Callable[[Mapping[str, str], Settings, Snapshot, datetime], Report],
    params: str,
    *,
    own_time: bool = False,
) -> ReportKind:
    known = frozenset(params.split())
    return ReportKind(answer, ask, known if own_time else known | WINDOW_PARAMS, own_time)


REPORTS = {
    "uptime": _kind(UptimeReport, uptime_asked, "monitor"),
    "latency": _kind(LatencyReport, latency_asked, "monitor"),
    "funnel": _kind(FunnelReport, funnel_asked, f"{FUNNEL_PARAMS} level by compare"),
    "funnel_sessions": _kind(
        FunnelSessionsReport,
        funnel_sessions_asked,
        f"{FUNNEL_PARAMS} step outcome by part part_2 recorded after",
    ),
    "funnel_days": _kind(FunnelDaysReport, funnel_days_asked, "funnel", own_time=True),
    "funnel_why": _kind(FunnelWhyReport, funnel_why_asked, FUNNEL_PARAMS),
    "speed": _kind(SpeedReport, speed_asked, "site page device level sample"),
    "vital": _kind(VitalReport, vital_asked, "site vital page device level sample"),
    "conversion_speed": _kind(
        ConversionSpeedReport, conversion_speed_asked, "site event journey page device level sample"
    ),
    "journey": _kind(JourneyReport, journey_asked, "journey sample"),
    "ready": _kind(ReadyReport, ready_asked, "journey", own_time=True),
    "perceived": _kind(PerceivedReport, perceived_asked, "site journey sample"),
    "cost": _kind(CostReport, cost_asked, "journey sample"),
    "activity": _kind(ActivityReport, activity_asked, "site journey event by"),
    "clicks": _kind(ClicksReport, clicks_asked, "site page level device sample"),
    "paths": _kind(PathsReport, paths_asked, "site from to around steps top level compare sample"),
    "seen": _kind(SeenReport, seen_asked, "site sample"),
    "sessions": _kind(
        SessionsReport, sessions_asked, "site level page device user_key code errors recorded after"
    ),
    "session": _kind(SessionReport, session_asked, "site session after", own_time=True),
    "refused": _kind(RefusedReport, refused_asked, "site reason after"),
    "contract": _kind(ContractReport, contract_asked, "contract month", own_time=True),
    "errors": _kind(ErrorsReport, errors_asked, "site level page release state owner after"),
    "error": _kind(ErrorReport, error_asked, "site fingerprint"),
    "deletion": _kind(DeletionReport, deletion_asked, "month", own_time=True),
}


def run_report(
    name: str, params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> Report:
    """The report `name` as `params` asks for it; docs/api.md has them all. Raises BadRequestError.

    What a parameter means stands beside the function that reads it.
    """
    kind = REPORTS.get(name)
    if kind is None:
        raise BadRequestError(
            f"There is no report named {name!r}.", f"The reports are {', '.join(REPORTS)}."
        )
    for param in params:
        if param not in kind.params:
            raise BadRequestError(
                f"The report {name} takes no parameter {param!r}.",
                f"It takes {', '.join(sorted(kind.params))}.",
            )
    try:
        return kind.ask(params, settings, snapshot, now)
    except UnitError as error:
        raise BadRequestError(error.what, error.right) from error


def to_json(report: msgspec.Struct | Report) -> bytes:
    return msgspec.json.encode(report, enc_hook=_plain)


def to_csv(report: Report) -> str:
    """Texts that a spreadsheet would run as a formula begin with an apostrophe, as OWASP has it:
    pages, events and errors are named by whoever sends a beacon.

    https://owasp.org/www-community/attacks/CSV_Injection
    """
    frame = report.frame()
    for column in frame.columns:
        if is_object_dtype(frame[column]) or is_string_dtype(frame[column]):
            frame[column] = frame[column].map(_inert)
    text: str = frame.to_csv(index=False)
    return text


def to_parquet(report: Report) -> bytes:
    """The report's frame; its basis, as JSON, under "basis" in the file's metadata. Cells that are
    lists or tables become JSON texts."""
    frame = report.frame()
    for column in frame.columns:
        if is_object_dtype(frame[column]):
            frame[column] = frame[column].map(_flat)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    basis = getattr(report, "basis", None)
    if basis is not None:
        table = table.replace_schema_metadata(
            {**(table.schema.metadata or {}), b"basis": to_json(basis)}
        )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue())


def _flat(cell: Any) -> Any:
    if isinstance(cell, dict | list | tuple):
        return msgspec.json.encode(cell, enc_hook=_plain).decode()
    return cell


def _inert(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else cell


def _plain(value: Any) -> Any:
    """Numbers of numpy as Python's."""
    if hasattr(value, "item"):
        return value.item()
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")
