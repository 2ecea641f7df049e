"""Reports as tables for a terminal."""

import math
import textwrap
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pandas as pd
from rich.console import Console, ConsoleOptions, Group, JustifyMethod, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from analytics.basis import Basis
from analytics.reports.contract_types import ContractReport, ContractState
from analytics.reports.conversion_speed import ConversionSpeedReport
from analytics.reports.deletion import DeletionReport
from analytics.reports.error_types import ErrorReport
from analytics.reports.refused import RefusedReport
from analytics.reports.types import JourneyReport, SpeedReport
from analytics.reports.vital_types import VitalReport
from vigie.contract_words import STATES, combination_words, target_words
from vigie.reporting.catalogue import REPORTS, Report

NO_BREAK = "\N{NO-BREAK SPACE}"
GAP = 2
"""Between two columns."""
HEADINGS = {"observed_share": "observed", "still_in_window": "in window"}
BOUNDS = ("low", "high")
LEFT_OUT = frozenset({"up_s"})
"""Said better by another column."""
SHARES = frozenset(
    {
        *("uptime", "observed_share", "of_entered", "of_previous", "share"),
        *("good", "needs_improvement", "poor"),
    }
)
"""Columns that hold shares of 1, shown as percentages, with their `_low` and `_high` beside."""
FLOORED = {"uptime": 3, "observed_share": 2}
"""Digits of shares that are never rounded up, as in the console: 99.996 % is not 100 %."""


def rendered(name: str, answer: str) -> RenderableType:
    """The JSON of a report as what rich prints."""
    kind = REPORTS.get(name)
    if kind is None:
        return Text(answer)
    report: Any = msgspec.json.decode(answer, type=kind.answer)
    if isinstance(report, DeletionReport):
        return Group(*(Text(line) for line in report.sentences()), Text(""), *_parts(report))
    if isinstance(report, RefusedReport):  # counted in full: there is no sample to tell of
        return Group(*_parts(report), Text(refused_total(report), style="dim"))
    return Group(*_parts(report), Text(basis_line(report.basis), style="dim"))


def refused_total(report: RefusedReport) -> str:
    """ "12,000 in all, 11,950 of them only counted" """
    unseen = f", {report.only_counted:,} of them only counted" if report.only_counted else ""
    return f"{report.total:,} in all{unseen}"


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
    elif isinstance(report, SpeedReport | VitalReport | ConversionSpeedReport | ErrorReport):
        yield from (Text(line) for line in _said(report))
        yield frame_table(report.frame())
    elif isinstance(report, ContractReport):
        yield from (Text(line) for line in contract_lines(report))
        if report.incidents:
            yield from (Text(""), frame_table(report.frame().drop(columns=["contract", "month"])))
    else:
        yield frame_table(report.frame())


def _said(
    report: SpeedReport | VitalReport | ConversionSpeedReport | ErrorReport,
) -> Iterator[str]:
    """What a report says in words, before its table."""
    match report:
        case SpeedReport():
            yield from (f"! {row.sentence}" for row in report.worst if row.sentence)
            yield from (f"! {change.page}: {change.sentence}" for change in report.changes)
        case VitalReport():
            yield from (f"! {change.sentence}" for change in report.changes)
            yield from (each.sentence for each in report.goes_with)
        case ConversionSpeedReport():
            yield report.sentence
        case ErrorReport():
            group = report.group
            whose = group.owner or "no owner"
            yield f"{group.name}: {report.message} ({group.state.value}, {whose})"
            for frame in report.frames:
                place = f"{frame.source}:{frame.source_line}" if frame.source else ""
                function = frame.source_function or frame.function or "(anonymous)"
                yield f"  at {function} {place or f'{frame.file}:{frame.line}:{frame.column}'}"
            if report.unresolved:
                yield report.unresolved


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
    """One row a row; an interval stands with its figure."""
    return Text("no data in this window") if frame.empty else FrameTable(frame)


class FrameTable:
    """A table as wide as the terminal allows, no word or figure of which is ever broken: with
    intervals beside their figures, else below them, else a paragraph a row."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.columns = _columns(frame)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = self.frame.to_dict("records")
        for between in (NO_BREAK, "\n"):
            texts = [
                [_heading(column), *(_cell(column, row, between) for row in rows)]
                for column in self.columns
            ]
            if widths := _widths(texts, options.max_width):
                yield self._table(texts, widths)
                return
        yield from self._paragraphs(options.max_width)

    def _table(self, texts: list[list[str]], widths: list[int]) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for column, (heading, *_), width in zip(self.columns, texts, widths, strict=True):
            justify: JustifyMethod = "right" if self._is_number(column) else "left"
            table.add_column(heading, justify=justify, width=width)
        for cells in zip(*(cells for _, *cells in texts), strict=True):
            table.add_row(*map(Text, cells))
        return table

    def _paragraphs(self, width: int) -> Iterator[Text]:
        named = [column for column in self.columns if not self._is_number(column)]
        for row in self.frame.to_dict("records"):
            names = [_cell(column, row) for column in named]
            yield Text(" · ".join(name for name in names if name), style="bold")
            figures = (
                f"{_heading(column)} {_cell(column, row)}".replace(" ", NO_BREAK)
                for column in self.columns
                if column not in named
            )
            # Not left to rich, which breaks lines at spaces that do not break.
            for line in textwrap.wrap(", ".join(figures), width, break_on_hyphens=False):
                yield Text(line)

    def _is_number(self, column: str) -> bool:
        return column in SHARES or pd.api.types.is_numeric_dtype(self.frame[column])


def basis_line(basis: Basis) -> str:
    """What the figures were read from, in one line."""
    parts = [f"{basis.start:%Y-%m-%d %H:%M} to {basis.end:%Y-%m-%d %H:%M} UTC"]
    if basis.sample is not None:
        whole = basis.sample >= 1
        parts.append("all kept sessions" if whole else f"{basis.sample:.0%} sample")
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


def _heading(column: str) -> str:
    name = HEADINGS.get(column, column.removesuffix("_s").replace("_", " "))
    return f"{name} %" if column in SHARES else name


def _widths(columns: list[list[str]], room: int) -> list[int]:
    """A width for each column's texts that breaks nothing that should stay whole; [] without room.

    Not left to rich, which takes first from the widest column, down to a letter.
    """
    least = [max(map(_unbroken, texts)) for texts in columns]
    spare = room - sum(least) - GAP * (len(columns) - 1)
    if spare < 0:
        return []
    widths = []
    for texts, width in zip(columns, least, strict=True):
        wanted = max(len(line) for text in texts for line in text.split("\n"))
        more = min(wanted - width, spare)
        spare -= more
        widths.append(width + more)
    return widths


def _unbroken(text: str) -> int:
    """The width of the longest part of a text that stays on one line."""
    return max(len(part) for part in text.replace("\n", " ").split(" "))


def _cell(column: str, row: dict[Any, Any], between: str = NO_BREAK) -> str:
    value = row[column]
    if value is None or value != value:
        return "-"
    if column == "level":
        return str(value) or "everyone"
    if column == "vital":
        return str(value) if value == "cls" else f"{value} ms"
    if column.endswith("_s"):
        return duration(float(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}".replace(" ", NO_BREAK)
    if not isinstance(value, float):
        return str(value)
    return _number(column, value) + _bounds(column, row, between)


def _bounds(column: str, row: dict[Any, Any], between: str) -> str:
    prefix = "" if column == "uptime" else f"{column}_"
    low, high = (row.get(f"{prefix}{bound}") for bound in BOUNDS)
    if not (isinstance(low, float) and isinstance(high, float)) or low != low or high != high:
        return ""
    return f"{between}({_number(column, low)}-{_number(column, high)})"


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
    if column in FLOORED and value < 1:
        digits = FLOORED[column]
        # Rounded first where only the float's own error is: 0.99891 * 100000 is 99890.99999.
        units = math.floor(round(value * 10 ** (digits + 2), 6))
        return f"{units / 10**digits:.{digits}f}"
    if column in SHARES:
        return f"{value * 100:.1f}".replace("100.0", "100")
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.3g}"
