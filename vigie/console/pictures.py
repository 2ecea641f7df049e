"""The reports' charts as pages embed them."""

from collections.abc import Sequence

from analytics.charts.funnel import funnel_bars
from analytics.charts.journey import journey_axis as axis_svg
from analytics.charts.strip import day_strip, interval_strip
from markupsafe import Markup

from analytics.question import Window
from analytics.reports.types import (
    FunnelReport,
    JourneyReport,
    LatencyReport,
    MonitorUptime,
    UptimeReport,
)


def strips(report: UptimeReport) -> dict[str, Markup]:
    """Each monitor's strip of days, by its id."""
    return {row.monitor: Markup(day_strip(row)) for row in report.monitors}


def timeline(row: MonitorUptime, window: Window) -> Markup:
    return Markup(interval_strip(row, window))


def funnel(report: FunnelReport, levels: Sequence[str]) -> Markup:
    return Markup(funnel_bars(report, levels))


def journey_axis(report: JourneyReport, levels: Sequence[str], shown: Sequence[str]) -> Markup:
    return Markup(axis_svg(report, levels))


def level_places(levels: Sequence[str]) -> dict[str, int]:
    """Which of the levels' colours each has."""
    return {level: place for place, level in enumerate(levels)}


def latency_json(report: LatencyReport) -> bytes:
    return b"{}"
