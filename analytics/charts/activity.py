"""An event's volume over time: bars, what is usual behind them, and abnormal lows marked."""

from collections.abc import Iterator

from analytics.charts.svg import SERIES, element, line, picture, text, title
from analytics.charts.time_axis import TimeAxis
from analytics.question import Window
from analytics.reports.activity_types import ActivityReport, ActivitySlot
from analytics.wording import stretch

WIDTH, LEFT, RIGHT = 1000.0, 56.0, 12.0
TOP, BOTTOM, FOOT = 14.0, 214.0, 36.0


def activity_bars(report: ActivityReport) -> str:
    """A bar a slot; the band holds 95 % of what is usual."""
    axis = TimeAxis(Window(report.basis.start, report.basis.end), LEFT, WIDTH - RIGHT)
    most = max([1, *(max(slot.count, slot.high or 0) for slot in report.slots)])
    parts = [
        axis.drawn(TOP - 4, BOTTOM),
        text("0", LEFT - 8, BOTTOM + 4, anchor="end"),
        text(f"{most:,}", LEFT - 8, TOP + 4, anchor="end"),
        line(LEFT, TOP, WIDTH - RIGHT, TOP, "grid"),
        *_lows(report, axis),
        *_bands(report.slots, axis, most),
        *_bars(report.slots, axis, most),
        *_usual(report.slots, axis, most),
    ]
    label = f"{report.event} over time, against what is usual. {report.sentence}"
    return picture(WIDTH, BOTTOM + FOOT, label, *parts, class_="chart-wide")


def _y(value: float, most: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * value / most


def _lows(report: ActivityReport, axis: TimeAxis) -> Iterator[str]:
    for low in report.lows:
        x, end = axis.x(low.start), axis.x(low.end or axis.window.end)
        yield element(
            "rect", x=x, y=TOP - 4, width=max(2.0, end - x), height=BOTTOM - TOP + 4,
            class_="finding", fill="currentColor", fill_opacity=0.08,
        )  # fmt: skip


def _bands(slots: tuple[ActivitySlot, ...], axis: TimeAxis, most: float) -> Iterator[str]:
    for slot in slots:
        if slot.low is None or slot.high is None:
            continue
        x, top = axis.x(slot.start), _y(slot.high, most)
        yield element(
            "rect", x=x, y=top, width=max(0.5, axis.x(slot.end) - x),
            height=max(0.5, _y(slot.low, most) - top), class_="band", fill="currentColor",
            fill_opacity=0.12,
        )  # fmt: skip


def _bars(slots: tuple[ActivitySlot, ...], axis: TimeAxis, most: float) -> Iterator[str]:
    for slot in slots:
        x, y = axis.x(slot.start), _y(slot.count, most)
        width = max(1.0, axis.x(slot.end) - x)
        yield element(
            "rect", title(_words(slot)), x=x, y=y, width=max(1.0, width * 0.7),
            height=max(0.0, BOTTOM - y), class_="bar", fill=SERIES,
        )  # fmt: skip


def _usual(slots: tuple[ActivitySlot, ...], axis: TimeAxis, most: float) -> Iterator[str]:
    path = [
        f"M{axis.x(slot.start):.1f} {_y(slot.expected, most):.1f}H{axis.x(slot.end):.1f}"
        for slot in slots
        if slot.expected is not None
    ]
    if path:
        yield element(
            "path", d="".join(path), class_="expected", stroke="currentColor", stroke_width=1.6
        )


def _words(slot: ActivitySlot) -> str:
    usual = "" if slot.expected is None else f", usual {slot.expected:,.0f}"
    band = "" if slot.low is None else f" ({slot.low:,} to {slot.high:,})"
    left_out = "; not judged: a holiday or an outage" if slot.dropped else ""
    return f"{stretch(Window(slot.start, slot.end))}: {slot.count:,}{usual}{band}{left_out}"
