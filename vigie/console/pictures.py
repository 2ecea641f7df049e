"""The reports' charts as pages embed them."""

from collections.abc import Sequence
from typing import Any

import msgspec
from markupsafe import Markup

from analytics.charts.funnel import funnel_bars
from analytics.charts.journey import journey_axis as journey_slots
from analytics.charts.latency import latency_figure
from analytics.charts.strip import day_strip, interval_strip
from analytics.question import Window
from analytics.reports.types import (
    FunnelReport,
    JourneyReport,
    LatencyReport,
    MonitorUptime,
    UptimeReport,
)

PHASE_COLOURS = {
    "DNS": "var:phase-dns",
    "Connect": "var:phase-connect",
    "TLS": "var:phase-tls",
    "Wait": "var:phase-wait",
    "Transfer": "var:phase-transfer",
}
"""Names of the stylesheet's colours, which console.js looks up in the reader's theme."""
AXIS = {"gridcolor": "var:line", "linecolor": "var:line-strong", "zerolinecolor": "var:line-strong"}
FONT = "system-ui, sans-serif"
DATES = [
    {"dtickrange": [None, 86_399_999], "value": "%H:%M\n%-d %b"},
    {"dtickrange": [86_400_000, None], "value": "%-d %b\n%Y"},
]
"""Ticks below a day, in milliseconds, and from a day on: dates as the console writes them."""


def strips(report: UptimeReport) -> dict[str, Markup]:
    """Each monitor's strip of days, by its id."""
    return {row.monitor: Markup(day_strip(row)) for row in report.monitors}


def timeline(row: MonitorUptime, window: Window) -> Markup:
    return Markup(interval_strip(row, window))


def funnel(report: FunnelReport, levels: Sequence[str]) -> Markup:
    return Markup(funnel_bars(report, levels))


def journey_axis(report: JourneyReport, levels: Sequence[str], level: str = "") -> Markup:
    """`level` limits whose lines are drawn; "" draws all levels."""
    return Markup(journey_slots(report, levels, (level,) if level else ()))


def level_places(levels: Sequence[str]) -> dict[str, int]:
    """Which of the levels' colours each has."""
    return {level: place for place, level in enumerate(levels)}


def latency_json(report: LatencyReport) -> bytes:
    """The latency chart as console.js draws it: plotly's figure, in the console's colours."""
    figure = latency_figure(report)
    for trace in figure["data"]:
        _colour(trace)
    layout = figure["layout"]
    layout["font"] = {"color": "var:ink-2", "size": 12, "family": FONT}
    layout["hoverlabel"] = {
        "bgcolor": "var:surface",
        "bordercolor": "var:line-strong",
        "font": {"color": "var:ink"},
    }
    layout["legend"] |= {"x": 0, "y": 1.02, "yanchor": "bottom"}
    layout["xaxis"] |= AXIS | {"tickformatstops": DATES, "hoverformat": "%-d %b %Y, %H:%M"}
    layout["yaxis"] |= AXIS
    return msgspec.json.encode(figure)


def _colour(trace: dict[str, Any]) -> None:
    colour = PHASE_COLOURS.get(trace["name"], "var:ink")
    trace["line"]["color"] = colour
    if "stackgroup" in trace:
        trace["fillcolor"] = colour
