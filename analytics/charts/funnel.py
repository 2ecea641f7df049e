"""A funnel as bars: for each step the levels side by side, with their intervals."""

from collections.abc import Sequence

from analytics.basis import Estimate
from analytics.charts.svg import (
    SERIES,
    element,
    level_class,
    level_name,
    line,
    picture,
    shortened,
    text,
    title,
)
from analytics.levels import EVERYONE
from analytics.reports.types import FunnelReport, FunnelSegment
from analytics.wording import percent

LEFT, RIGHT, TOP, PLOT, FOOT = 44.0, 8.0, 30.0, 220.0, 44.0
BAR, BAR_GAP, GROUP_GAP = 26.0, 4.0, 64.0
BOTTOM = TOP + PLOT
WIDTH_MIN = 960.0
"""Pages stretch a chart to their width: drawn narrower, two steps would fill the whole screen."""
STEP_CHARACTERS_MIN = 14
CHARACTER_WIDTH = 6.2


def funnel_bars(report: FunnelReport, levels: Sequence[str] = ()) -> str:
    """Shares of those that entered, by step; `levels` are the site's, in order, for their colours.

    Between the steps: the share of everyone lost there.
    """
    shown = [each for each in (report.everyone, *report.levels) if each.entered]
    steps = report.everyone.steps
    group = max(1, len(shown)) * (BAR + BAR_GAP) - BAR_GAP
    spread = (WIDTH_MIN - LEFT - RIGHT + GROUP_GAP / 2) / max(1, len(steps))
    pitch = max(group + GROUP_GAP, STEP_CHARACTERS_MIN * CHARACTER_WIDTH + 8, spread)
    width = LEFT + len(steps) * pitch - GROUP_GAP / 2 + RIGHT
    numbered = any(step.label[:1].isdigit() for step in steps)
    parts = [_axis(width)]
    for index, step in enumerate(steps):
        left = LEFT + index * pitch + (pitch - group - GROUP_GAP) / 2
        for place, segment in enumerate(shown):
            x = left + place * (BAR + BAR_GAP)
            bar = _bar(segment, index, x, f"{report.unit.value}s")
            parts.append(element("g", bar, class_=level_class(segment.level, levels)))
        middle = left + group / 2
        name = step.label if numbered else f"{step.number}. {step.label}"
        short = shortened(name, int(pitch / CHARACTER_WIDTH))
        parts.append(
            text(
                short, middle, BOTTOM + 17, anchor="middle", class_="label label-strong", full=name
            )
        )
        reached = f"{step.reached:,} {report.unit.value}s"
        parts.append(
            text(reached, middle, BOTTOM + 33, anchor="middle", class_="label label-minor")
        )
        if index:
            parts.append(_drop(report.everyone, index, left - (pitch - group) / 2))
    return picture(width, BOTTOM + FOOT, _label(report), *parts, class_="chart-wide")


def _axis(width: float) -> str:
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(share)
        parts.append(line(LEFT - 6, y, width - RIGHT, y, "grid" if share else "axis"))
        parts.append(text(f"{share * 100:.0f} %", LEFT - 10, y + 4, anchor="end"))
    return "".join(parts)


def _bar(segment: FunnelSegment, index: int, x: float, noun: str) -> str:
    step = segment.steps[index]
    estimate = step.of_entered
    who = f"{level_name(segment.level)}, {step.label}"
    if estimate.value is None or estimate.low is None or estimate.high is None:
        why = estimate.withheld.value.replace("_", " ") if estimate.withheld else ""
        return _withheld(x, f"{who}: {step.reached:,} {noun}; share withheld: {why}")
    y = _y(estimate.value)
    words = (
        f"{who}: {percent(estimate.value)} of those who entered"
        f" (95 %: {percent(estimate.low)} to {percent(estimate.high)}), {step.reached:,} {noun}"
    )
    rectangle = element(
        "rect", x=x, y=y, width=BAR, height=BOTTOM - y, rx=2, class_="bar", fill=SERIES
    )
    return title(words) + rectangle + _whisker(estimate, x + BAR / 2)


def _whisker(estimate: Estimate, x: float) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    high, low = _y(estimate.high), _y(estimate.low)
    path = f"M{x:.1f} {high:.1f}V{low:.1f}M{x - 4:.1f} {high:.1f}h8M{x - 4:.1f} {low:.1f}h8"
    return element("path", d=path, class_="whisker", stroke="currentColor", fill="none")


def _withheld(x: float, words: str) -> str:
    rectangle = element(
        "rect",
        x=x + 0.5,
        y=BOTTOM - 24,
        width=BAR - 1,
        height=24,
        class_="withheld",
        fill="none",
        stroke=SERIES,
        stroke_dasharray="3 3",
    )
    return title(words) + rectangle


def _drop(everyone: FunnelSegment, index: int, x: float) -> str:
    """The share of everyone lost on the way to a step, between the two."""
    kept = everyone.steps[index].of_previous
    if kept.value is None:
        return ""
    lost = 1 - kept.value
    before, after = everyone.steps[index - 1].label, everyone.steps[index].label
    words = f"{percent(lost)} of everyone are lost between {before} and {after}"
    arrow = element(
        "path",
        d=f"M{x:.1f} {TOP - 8:.1f}v10m-3.5 -4l3.5 4l3.5 -4",
        class_="axis",
        stroke="currentColor",
        fill="none",
    )
    label = text(f"−{percent(lost)}", x, TOP - 14, anchor="middle", class_="label label-strong")
    return element("g", title(words), arrow, label)


def _label(report: FunnelReport) -> str:
    last = report.everyone.steps[-1].of_entered if report.everyone.steps else None
    through = "share withheld" if last is None or last.value is None else percent(last.value)
    parts = [f"Funnel of {len(report.everyone.steps)} steps: everyone {through}"]
    for segment in report.levels:
        end = segment.steps[-1].of_entered.value
        if segment.level != EVERYONE and segment.entered and end is not None:
            parts.append(f"{segment.level} {percent(end)}")
    return ", ".join(parts) + " get through"


def _y(share: float) -> float:
    return BOTTOM - PLOT * share
