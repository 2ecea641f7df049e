"""Counts over a window as bars small enough for a table's cell."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import ceil

from analytics.charts.svg import SERIES, element, picture, title

WIDTH, HEIGHT = 168.0, 24.0
SLOTS_MAX = 56
HOUR_S = 3600


def count_strip(
    counts: Iterable[tuple[datetime, int]], start: datetime, end: datetime, label: str
) -> str:
    """A bar for each whole hour or few hours from `start` to `end`; the highest is the most that
    came in one of them. `counts` are of hours, by when they begin."""
    first = start.replace(minute=0, second=0, microsecond=0)
    hours = max(1, ceil((end - first).total_seconds() / HOUR_S))
    slot_h = ceil(hours / SLOTS_MAX)
    slots = [0] * ceil(hours / slot_h)
    for hour, count in counts:
        place = int((hour - first).total_seconds() // (slot_h * HOUR_S))
        if 0 <= place < len(slots):
            slots[place] += count
    most = max(slots) or 1
    width = WIDTH / len(slots)
    drawn = [
        element(
            "rect",
            title(f"{first + timedelta(hours=place * slot_h):%Y-%m-%d %H:%M} UTC: {count:,}"),
            x=place * width,
            y=HEIGHT - max(1.5, HEIGHT * count / most),
            width=max(1.0, width - 1),
            height=max(1.5, HEIGHT * count / most),
            class_="bar",
            fill=SERIES,
        )
        for place, count in enumerate(slots)
        if count
    ]
    foot = element(
        "path", d=f"M0 {HEIGHT - 0.5}H{WIDTH}", class_="grid", stroke="currentColor",
        stroke_opacity=0.3,
    )  # fmt: skip
    return picture(WIDTH, HEIGHT, label, foot, *drawn, class_="count-strip")
