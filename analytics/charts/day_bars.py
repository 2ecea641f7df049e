"""How often something came on each of some days: bars for a table's cell, or wide with axes."""

from collections.abc import Sequence
from datetime import date, timedelta

from analytics.charts.svg import SERIES, element, line, picture, text, title

SMALL_WIDTH, SMALL_HEIGHT = 120.0, 24.0
WIDTH, HEIGHT, FOOT, TOP = 720.0, 150.0, 20.0, 16.0
LABELS = 6


def day_bars(days: Sequence[float], first: date, label: str) -> str:
    """A bar a day, within a table's cell."""
    most = max(days, default=0.0) or 1.0
    bars = _bars(days, first, SMALL_WIDTH, 1.0, SMALL_HEIGHT, most)
    foot = line(0, SMALL_HEIGHT - 0.5, SMALL_WIDTH, SMALL_HEIGHT - 0.5, "grid")
    return picture(SMALL_WIDTH, SMALL_HEIGHT, label, foot, *bars, class_="sparkline")


def wide_day_bars(
    days: Sequence[float], first: date, label: str, marks: Sequence[tuple[date, str]] = ()
) -> str:
    """The same with a scale, days, and what came to be on some of them, such as releases."""
    most = max(days, default=0.0) or 1.0
    bottom = HEIGHT - FOOT
    parts = [
        text(f"{most:,.0f} a day", 0, 10, class_="label-minor"),
        line(0, TOP, WIDTH, TOP, "grid"),
        line(0, bottom, WIDTH, bottom, "axis"),
        *_bars(days, first, WIDTH, TOP, bottom, most),
    ]
    step = max(1, -(-len(days) // LABELS))
    width = WIDTH / max(1, len(days))
    for place in range(0, max(1, len(days) - step // 2), step):
        day = first + timedelta(days=place)
        parts.append(text(f"{day.day} {day:%b}", place * width, HEIGHT - 5, class_="label-minor"))
    for day, name in marks:
        x = (day - first).days * width
        if 0 <= x <= WIDTH:
            parts.append(line(x, TOP, x, bottom, "axis"))
            anchor = "end" if x > WIDTH * 0.8 else "start"
            parts.append(text(name, x + (3 if anchor == "start" else -3), TOP + 10, anchor=anchor))
    return picture(WIDTH, HEIGHT, label, *parts, class_="chart-wide")


def _bars(
    days: Sequence[float], first: date, width: float, top: float, bottom: float, most: float
) -> list[str]:
    step = width / max(1, len(days))
    gap = min(1.0, step * 0.2)
    bars = []
    for place, value in enumerate(days):
        if not value:
            continue
        height = max(1.5, (bottom - top) * value / most)
        day = first + timedelta(days=place)
        bars.append(
            element(
                "rect",
                title(f"{day.day} {day:%b}: {value:,.0f}"),
                x=place * step + gap / 2,
                y=bottom - height,
                width=step - gap,
                height=height,
                fill=SERIES,
                class_="bar",
            )
        )
    return bars
