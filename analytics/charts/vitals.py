"""A vital as pictures: how views are spread over it, how it was by day, and conversion by it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta

from analytics.charts.svg import SERIES, element, line, picture, text, title
from analytics.charts.time_axis import TimeAxis
from analytics.question import Window
from analytics.reports.conversion_speed import SpeedBin
from analytics.reports.vital_types import VitalBin, VitalDay
from analytics.vitals import Thresholds

NARROW, WIDTH, HEIGHT = 360.0, 640.0, 190.0
LEFT, RIGHT, TOP, FOOT = 46.0, 8.0, 14.0, 34.0
ALL_DEVICES = ""

_Scale = Callable[[float], float]


def spread(bins: Sequence[VitalBin], limits: Thresholds, unit: str, label: str) -> str:
    """Bars of the share of views, coloured good, fair and poor, with both thresholds marked."""
    most = max((each.share for each in bins), default=0.0) or 1.0
    bottom = HEIGHT - FOOT
    step = (NARROW - LEFT - RIGHT) / max(1, len(bins))
    parts = [*_share_scale(most, bottom, NARROW)]
    for place, each in enumerate(bins):
        kind = "good" if (each.high or 1e18) <= limits.good else "fair"
        kind = "poor" if each.low >= limits.poor else kind
        height = (bottom - TOP) * each.share / most
        ends = f"over {_said(each.low, unit)}"
        if each.high is not None:
            ends += f" up to {_said(each.high, unit)}"
        parts.append(
            element(
                "rect",
                title(f"{ends}: {each.share * 100:.1f} % of views ({each.views:,})"),
                x=LEFT + place * step + 0.5,
                y=bottom - height,
                width=max(step - 1, 1),
                height=height,
                class_=f"bar spread-{kind}",
                fill=SERIES,
            )
        )
    for edge in (0.0, limits.good, limits.poor):
        x = _edge_x(bins, edge, step)
        if edge:
            parts.append(line(x, TOP, x, bottom, "axis"))
        parts.append(text(_said(edge, unit), x, bottom + 15, anchor="middle"))
    parts.append(line(LEFT, bottom, NARROW - RIGHT, bottom, "axis"))
    return picture(NARROW, HEIGHT, label, *parts)


def by_day(
    days: Sequence[VitalDay], devices: Sequence[str], limits: Thresholds, unit: str, label: str
) -> str:
    """A line a device with its band; devices have the levels' colours, in the order given."""
    if not days:
        return ""
    start = datetime.combine(min(each.day for each in days), time(), tzinfo=UTC)
    end = datetime.combine(max(each.day for each in days), time(), tzinfo=UTC) + timedelta(days=1)
    axis = TimeAxis(Window(start, end), LEFT, NARROW - RIGHT)
    highs = [each.p75.value for each in days if each.p75.value is not None]
    most = max([*highs, limits.good]) * 1.08
    bottom = HEIGHT - FOOT

    def y(value: float) -> float:
        return bottom - (bottom - TOP) * min(value, most) / most

    parts = [axis.drawn(TOP, bottom)]
    for limit, name in ((limits.good, "good"), (limits.poor, "poor")):
        if limit <= most:
            parts.append(
                element(
                    "path",
                    d=f"M{LEFT} {y(limit):.1f}H{NARROW - RIGHT}",
                    class_=f"threshold threshold-{name}",
                    stroke="currentColor",
                    stroke_dasharray="4 4",
                    fill="none",
                )
            )
            parts.append(text(_said(limit, unit), LEFT - 6, y(limit) + 4, anchor="end"))
    for place, device in enumerate(devices):
        rows = [each for each in days if each.device == device and each.p75.value is not None]
        name = "level-everyone" if device == ALL_DEVICES else f"level-{place}"
        parts.append(element("g", *_line(rows, axis, y, unit), class_=name))
    return picture(NARROW, HEIGHT, label, *parts)


def conversion(bins: Sequence[SpeedBin], flat_below_ms: float | None, label: str) -> str:
    """The share that came to the event by landing LCP: a point and its interval a bin."""
    shown = [each for each in bins if each.share.high is not None]
    most = max((each.share.high or 0.0 for each in shown), default=0.0) or 1.0
    bottom = HEIGHT - FOOT
    step = (WIDTH - LEFT - RIGHT) / max(1, len(bins))
    parts = [*_share_scale(most, bottom, WIDTH), line(LEFT, bottom, WIDTH - RIGHT, bottom, "axis")]
    for place, each in enumerate(bins):
        x = LEFT + (place + 0.5) * step
        parts.append(text(_said(each.low_ms, "ms"), x - step / 2, bottom + 15, anchor="middle"))
        if each.high_ms == flat_below_ms and flat_below_ms is not None:
            edge = x + step / 2
            parts += [
                line(edge, TOP, edge, bottom, "axis"),
                text("flat below", edge - 4, TOP + 8, anchor="end"),
            ]
        if each.share.value is None or each.share.low is None or each.share.high is None:
            continue
        y = [
            bottom - (bottom - TOP) * value / most
            for value in (each.share.low, each.share.value, each.share.high)
        ]
        said = f"{each.share.value * 100:.1f} % of {each.sessions:,} sessions"
        parts += [
            line(x, y[0], x, y[2], "whisker"),
            element("circle", title(said), cx=x, cy=y[1], r=4, class_="bar", fill=SERIES),
        ]
    return picture(WIDTH, HEIGHT, label, *parts, class_="chart-wide")


def _line(rows: Sequence[VitalDay], axis: TimeAxis, y: _Scale, unit: str) -> list[str]:
    """Band, line and points of one device; days without a figure are left out."""
    places = []
    for each in rows:
        noon = datetime.combine(each.day, time(12), tzinfo=UTC)
        places.append((axis.x(noon), each))
    if not places:
        return []
    above = [f"{x:.1f} {y(each.p75.high or 0.0):.1f}" for x, each in places]
    below = [f"{x:.1f} {y(each.p75.low or 0.0):.1f}" for x, each in reversed(places)]
    through = [f"{x:.1f} {y(each.p75.value or 0.0):.1f}" for x, each in places]
    parts = [
        element(
            "path", d=f"M{'L'.join([*above, *below])}Z", class_="band", fill=SERIES,
            fill_opacity=0.15,
        ),
        element("path", d=f"M{'L'.join(through)}", class_="line", fill="none", stroke=SERIES),
    ]  # fmt: skip
    for x, each in places:
        said = f"{each.day.day} {each.day:%b}: {_said(each.p75.value or 0.0, unit)}"
        parts.append(
            element(
                "circle", title(said), cx=x, cy=y(each.p75.value or 0.0), r=2.5, fill=SERIES,
                class_="bar",
            )
        )  # fmt: skip
    return parts


def _share_scale(most: float, bottom: float, width: float) -> list[str]:
    return [
        text(f"{most * 100:.0f} %", LEFT - 6, TOP + 4, anchor="end"),
        text("0", LEFT - 6, bottom, anchor="end"),
        line(LEFT, TOP, width - RIGHT, TOP, "grid"),
    ]


def _edge_x(bins: Sequence[VitalBin], edge: float, step: float) -> float:
    place = next((place for place, each in enumerate(bins) if each.low >= edge), len(bins))
    return LEFT + place * step


def _said(value: float, unit: str) -> str:
    if unit != "ms":
        return f"{value:g}"
    return f"{value / 1000:g} s" if value >= 1000 else f"{value:.0f} ms"
