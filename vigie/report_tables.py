"""Reports as tables for a terminal."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from analytics.basis import Basis
from analytics.reports.contract_types import ContractReport, ContractState
from analytics.reports.refused import RefusedReport
from analytics.reports.types import (
    FunnelReport,
    JourneyReport,
    LatencyReport,
    SeenReport,
    SpeedReport,
    UptimeReport,
)
from vigie.contract_words import STATES, combination_words, target_words

Report = (
    UptimeReport
    | FunnelReport
    | SpeedReport
    | JourneyReport
    | LatencyReport
    | SeenReport
    | RefusedReport
    | ContractReport
)

TYPES: dict[str, type[Report]] = {
    "uptime": UptimeReport,
    "funnel": FunnelReport,
    "speed": SpeedReport,
    "journey": JourneyReport,
    "latency": LatencyReport,
    "seen": SeenReport,
    "refused": RefusedReport,
    "contract": ContractReport,
}
"""What each report decodes to; any other is printed as the JSON it is."""
NO_BREAK = "\N{NO-BREAK SPACE}"
HEADINGS = {"observed_share": "observed", "still_in_window": "in window"}
BOUNDS = ("low", "high")
LEFT_OUT = frozenset({"up_s"})
"""Said better by another column."""
SHARES = frozenset({"uptime", "observed_share", "good", "poor", "of_entered", "of_previous"})
"""Columns that hold shares of 1, shown as percentages, with their `_low` and `_high` beside."""


def rendered(name: str, answer: str) -> RenderableType:
    """The JSON of a report as what rich prints."""
    kind = TYPES.get(name)
    if kind is None:
        return Text(answer)
    report = msgspec.json.decode(answer, type=kind)
    if isinstance(report, RefusedReport):  # counted in full: there is no sample to tell of
        return Group(*_parts(report), Text(f"{report.total:,} in all", style="dim"))
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
    elif isinstance(report, ContractReport):
        yield from (Text(line) for line in contract_lines(report))
        if report.incidents:
            yield from (Text(""), frame_table(report.frame().drop(columns=["contract", "month"])))
    else:
        yield frame_table(report.frame())


def contract_lines(report: ContractReport) -> Iterator[str]:
    """A contract's month in words: what was promised, and what became of it."""
    combined = combination_words(report.combination, len(report.monitors))
    target = target_words(report.target)
    yield f"{report.name}: {target} % of {report.month} ({report.timezone}), {combined}"
    if report.state is ContractState.NO_DATA:
        yield "no data: nothing was observed"
        return
    left = duration(abs(report.left_s))
    when = "" if report.over else " this month"
    spent = f"down {duration(report.down_s)} of {duration(report.allowed_s)} allowed"
    between = f"between {duration(report.down_low_s)} and {duration(report.down_high_s)}"
    yield f"{left} {'over budget' if report.left_s < 0 else 'left'}{when}; {spent}, {between}"
    yield STATES[report.state] + ("" if report.sure else "; the bounds leave it open")
    if report.claimable:
        yield f"claimable: {report.claimable.credit:g} % (below {report.claimable.below:g} %)"


def frame_table(frame: pd.DataFrame) -> RenderableType:
    """One row a row; an interval stands in brackets behind its figure."""
    if frame.empty:
        return Text("no data in this window")
    columns = _columns(frame)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        is_number = pd.api.types.is_numeric_dtype(frame[column]) or column in SHARES
        heading = HEADINGS.get(column, column.removesuffix("_s").replace("_", " "))
        heading += " %" * (column in SHARES)
        # Folded, never cut: a narrow terminal must not lose digits.
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold")
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
    """The columns with something to say; bounds stand behind their figure instead."""
    names = [str(each) for each in frame.columns]
    elsewhere = LEFT_OUT | {f"{each}_{bound}" for each in names for bound in BOUNDS}
    if "uptime" in names:
        elsewhere |= set(BOUNDS)
    return [name for name in names if name not in elsewhere and not _is_empty(name, frame[name])]


def _is_empty(name: str, column: "pd.Series[Any]") -> bool:
    if name.endswith("_s"):  # seconds in a state that no row was ever in
        return bool((column.fillna(0) == 0).all())
    if name == "level":  # "" is everyone
        return False
    return bool((column.isna() | (column.astype(str) == "")).all())


def _cell(column: str, row: dict[Any, Any]) -> str:
    value = row[column]
    if value is None or value != value:
        return "-"
    if column == "level":
        return str(value) or "everyone"
    if isinstance(value, datetime):  # the zone, UTC, stands in the basis
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if column.endswith("_s"):
        return duration(float(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if not isinstance(value, float):
        return str(value)
    prefix = "" if column == "uptime" else f"{column}_"
    low, high = (row.get(f"{prefix}{bound}") for bound in BOUNDS)
    text = _number(column, value)
    if isinstance(low, float) and isinstance(high, float) and low == low and high == high:
        text += f" ({_number(column, low)}-{_number(column, high)})"
    return text


def duration(seconds: float) -> str:
    """ "47 min", "12 s", "3 h 5 min" """
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        parts = (minutes, "min"), (rest, "s")
    else:
        parts = (minutes // 60, "h"), (minutes % 60, "min")
    words = " ".join(f"{count:,} {unit}" for count, unit in parts if count) or "0"
    return words.replace(" ", NO_BREAK)


def _number(column: str, value: float) -> str:
    if column in SHARES:
        digits = 3 if column == "uptime" else 1
        return "100" if value == 1 else f"{value * 100:.{digits}f}"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.3g}"
