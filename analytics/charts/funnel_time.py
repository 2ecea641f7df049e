"""A funnel in time: how long conversions took as bars, and the share that got through by day with
its band."""

from collections.abc import Sequence

from msgspec import Struct

from analytics.basis import Estimate
from analytics.charts.svg import SERIES, element, level_class, line, picture, text, title
from analytics.reports.funnel_types import TookBin
from analytics.wording import percent

WIDTH, LEFT, RIGHT, TOP, PLOT = 960.0, 44.0, 8.0, 12.0, 150.0
BOTTOM = TOP + PLOT
LABELS_MAX = 10


class Point(Struct, frozen=True):
    """One day: its label, how many entered, and the share that got through."""

    label: str
    entered: int
    passed: Estimate


def took_bars(bins: Sequence[TookBin], labels: Sequence[str]) -> str:
    """A bar a bin; `labels` name where each begins."""
    most = max((each.converted for each in bins), default=1) or 1
    pitch = (WIDTH - LEFT - RIGHT) / max(1, len(bins))
    every = -(-len(bins) // LABELS_MAX)
    parts = [
        line(LEFT, BOTTOM, WIDTH - RIGHT, BOTTOM, "axis"),
        text(f"{most:,}", LEFT - 6, TOP + 4, anchor="end"),
    ]
    for place, (each, label) in enumerate(zip(bins, labels, strict=True)):
        height = PLOT * each.converted / most
        x = LEFT + place * pitch
        bar = element(
            "rect",
            x=x + 1,
            y=BOTTOM - height,
            width=pitch - 2,
            height=height,
            class_="bar",
            fill="currentColor",
        )
        parts.append(element("g", title(f"{label}: {each.converted:,} conversions"), bar))
        if place % every == 0:
            parts.append(text(label, x, BOTTOM + 16))
    total = sum(each.converted for each in bins)
    return picture(
        WIDTH, BOTTOM + 24, f"How long {total:,} conversions took", *parts, class_="chart-wide"
    )


def day_lines(lines: Sequence[tuple[str, Sequence[Point]]], levels: Sequence[str]) -> str:
    """A line with its band for each level ("" for everyone), a point a day."""
    days = max((len(points) for _, points in lines), default=1)
    highs = [p.passed.high for _, points in lines for p in points if p.passed.high is not None]
    most = min(1.0, max([0.1, *highs]) * 1.05)
    pitch = (WIDTH - LEFT - RIGHT) / max(1, days)
    parts = []
    for share in (0.0, most / 2, most):
        y = BOTTOM - PLOT * share / most
        parts.append(line(LEFT, y, WIDTH - RIGHT, y, "grid" if share else "axis"))
        parts.append(text(percent(share), LEFT - 6, y + 4, anchor="end"))
    for level, points in lines:
        drawn = [
            (LEFT + (place + 0.5) * pitch, point)
            for place, point in enumerate(points)
            if point.passed.value is not None
        ]
        parts.append(
            element(
                "g",
                title(level or "everyone"),
                _band(drawn, most),
                _line(drawn, most),
                class_=level_class(level, levels),
            )
        )
    every = -(-days // LABELS_MAX)
    for place, point in enumerate(lines[0][1] if lines else ()):
        if place % every == 0:
            parts.append(
                text(point.label, LEFT + (place + 0.5) * pitch, BOTTOM + 16, anchor="middle")
            )
    return picture(
        WIDTH,
        BOTTOM + 24,
        f"Share that gets through, by day of entry, {days} days",
        *parts,
        class_="chart-wide",
    )


def _y(share: float | None, most: float) -> float:
    return BOTTOM - PLOT * min(share or 0.0, most) / most


def _band(drawn: Sequence[tuple[float, Point]], most: float) -> str:
    if not drawn:
        return ""
    upper = [f"{x:.1f} {_y(point.passed.high, most):.1f}" for x, point in drawn]
    lower = [f"{x:.1f} {_y(point.passed.low, most):.1f}" for x, point in reversed(drawn)]
    path = "M" + "L".join(upper + lower) + "Z"
    return element("path", d=path, class_="band", fill=SERIES, fill_opacity=0.15)


def _line(drawn: Sequence[tuple[float, Point]], most: float) -> str:
    if not drawn:
        return ""
    path = "M" + "L".join(f"{x:.1f} {_y(point.passed.value, most):.1f}" for x, point in drawn)
    return element("path", d=path, class_="line", fill="none", stroke=SERIES)
