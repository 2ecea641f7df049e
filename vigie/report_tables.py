"""Reports as tables for a terminal."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from analytics.basis import Basis
from analytics.reports.types import FunnelReport, JourneyReport, SpeedReport, UptimeReport

Report = UptimeReport | FunnelReport | SpeedReport | JourneyReport

TYPES: dict[str, type[Report]] = {
    "uptime": UptimeReport,
    "funnel": FunnelReport,
    "speed": SpeedReport,
    "journey": JourneyReport,
}
"""What each report decodes to; any other is printed as the JSON it is."""
SHARES = frozenset({"uptime", "observed_share", "good", "poor", "of_entered", "of_previous"})
"""Columns that hold shares of 1, shown as percentages, with their `_low` and `_high` beside."""


def rendered(name: str, answer: str) -> RenderableType:
    """The JSON of a report as what rich prints."""
    kind = TYPES.get(name)
    if kind is None:
        return Text(answer)
    report = msgspec.json.decode(answer, type=kind)
    return Group(*_parts(report), Text(basis_line(report.basis), style="dim"))


def _parts(report: Report) -> Iterator[RenderableType]:
    if isinstance(report, JourneyReport):
        yield Text(f"{report.name}: {report.activity_total:,} in all", style="bold")
        for finding in report.findings:
            yield Text(f"! {finding.sentence}")
        yield from (
            frame_table(report.uptime.frame()),
            Text(""),
            frame_table(report.funnel.frame()),
        )
    else:
        yield frame_table(report.frame())


def frame_table(frame: pd.DataFrame) -> RenderableType:
    """One row a row; an interval stands in brackets behind its figure."""
    if frame.empty:
        return Text("no data in this window")
    columns = _columns(frame)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        numeric = pd.api.types.is_numeric_dtype(frame[column]) or column in SHARES
        table.add_column(column.replace("_", " "), justify="right" if numeric else "left")
    for row in frame.to_dict("records"):
        table.add_row(*(Text(_cell(column, row)) for column in columns))
    return table


def basis_line(basis: Basis) -> str:
    """What the figures were read from, in one line."""
    parts = [f"{basis.start:%Y-%m-%d %H:%M} to {basis.end:%Y-%m-%d %H:%M} UTC"]
    if basis.sample is not None:
        parts.append(f"{basis.sample:.0%} sample")
    if basis.sessions is not None:
        parts.append(f"{basis.sessions:,} session{'' if basis.sessions == 1 else 's'}")
    if basis.observed_share is not None:
        parts.append(f"{basis.observed_share:.2%} of the time observed")
    if basis.generated:
        parts.append("generated data among it")
    if basis.note:
        parts.append(basis.note)
    return "basis: " + ", ".join(parts)


def _columns(frame: pd.DataFrame) -> list[str]:
    bounds = {f"{each}_{bound}" for each in frame.columns for bound in ("low", "high")}
    bounds |= {"low", "high"} if "uptime" in frame.columns else set()
    return [
        str(each)
        for each in frame.columns
        if each not in bounds and not (str(each).endswith("_s") and _empty(frame, str(each)))
    ]


def _empty(frame: pd.DataFrame, column: str) -> bool:
    """Whether a column of seconds says nothing: no second of it in any row."""
    return bool((frame[column].fillna(0) == 0).all())


def _cell(column: str, row: dict[Any, Any]) -> str:
    value = row[column]
    if value is None or value != value:
        return "-"
    if not isinstance(value, float):
        return (
            f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
        )
    text = _number(column, value)
    prefix = "" if column == "uptime" and "uptime_low" not in row else f"{column}_"
    low, high = row.get(f"{prefix}low"), row.get(f"{prefix}high")
    if isinstance(low, float) and isinstance(high, float) and low == low and high == high:
        text += f" ({_number(column, low)} to {_number(column, high)})"
    return text


def _number(column: str, value: float) -> str:
    if column in SHARES:
        return f"{value * 100:.2f} %"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.3g}"
