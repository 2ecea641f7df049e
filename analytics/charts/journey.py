"""A journey on one time axis: outside, people by level, activity and errors, one above another."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from analytics.charts.strip import band
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
from analytics.charts.time_axis import TimeAxis
from analytics.levels import EVERYONE
from analytics.question import UNDECLARED, Window
from analytics.reports.types import FindingKind, JourneyReport, JourneySlot
from analytics.wording import percent, stretch

WIDTH, LEFT, RIGHT = 1000.0, 112.0, 12.0
HEAD, ROW, ROW_GAP = 20.0, 12.0, 4.0
PEOPLE, ACTIVITY, ERRORS, PANEL_GAP = 150.0, 80.0, 44.0, 30.0
NAME_CHARACTERS = 16


class _Panel(Struct, frozen=True):
    """A plot from `top` down to `bottom`, 0 to `most` upwards."""

    top: float
    bottom: float
    most: float

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - self.top) * value / self.most


def journey_axis(report: JourneyReport, levels: Sequence[str], shown: Sequence[str] = ()) -> str:
    """The journey's slots; `levels` are the site's, in order; `shown` limits whose lines are drawn
    (none named: all declared levels, or everyone where there are none)."""
    window = Window(report.basis.start, report.basis.end)
    axis = TimeAxis(window, LEFT, WIDTH - RIGHT)
    outside_end = HEAD + max(1, len(report.uptime.monitors)) * (ROW + ROW_GAP)
    people = _Panel(outside_end + PANEL_GAP, outside_end + PANEL_GAP + PEOPLE, 1.0)
    activity = _counted(people.bottom, ACTIVITY, [_highest(slot) for slot in report.slots])
    errors = _counted(activity.bottom, ERRORS, [slot.errors for slot in report.slots])
    names = _drawn_levels(report, levels, shown)
    parts = [
        axis.drawn(HEAD - 4, errors.bottom),
        *_findings(report, axis, errors.bottom),
        *_outside(report, axis),
        *_people(report, axis, people, levels, names),
        *_activity(report.slots, axis, activity),
        *_errors(report.slots, axis, errors),
        *_slots(report.slots, axis, HEAD - 4, errors.bottom, names),
    ]
    height = errors.bottom + 36
    return picture(WIDTH, height, _label(report), *parts, class_="chart-wide")


def _counted(above: float, height: float, counts: Sequence[float]) -> _Panel:
    most = max([1.0, *counts])
    return _Panel(above + PANEL_GAP, above + PANEL_GAP + height, most)


def _highest(slot: JourneySlot) -> float:
    return max(float(slot.activity), slot.expected or 0.0)


def _drawn_levels(report: JourneyReport, levels: Sequence[str], shown: Sequence[str]) -> list[str]:
    if shown:
        return list(shown)
    found = [
        level
        for level in (report.slots[0].passed if report.slots else ())
        if level not in (EVERYONE, UNDECLARED)
        and any(slot.passed[level].value is not None for slot in report.slots)
    ]
    return sorted(found, key=lambda level: (level not in levels, found.index(level))) or [EVERYONE]


def _findings(report: JourneyReport, axis: TimeAxis, bottom: float) -> Iterator[str]:
    """The stretches in which people failed, marked through all panels."""
    for finding in report.findings:
        if finding.kind is not FindingKind.PEOPLE:
            continue
        x, end = axis.x(finding.start), axis.x(finding.end or axis.window.end)
        yield element(
            "rect",
            x=x,
            y=HEAD - 4,
            width=max(2.0, end - x),
            height=bottom - HEAD + 4,
            class_="finding",
            fill="currentColor",
            fill_opacity=0.08,
        )


def _outside(report: JourneyReport, axis: TimeAxis) -> Iterator[str]:
    yield text("Outside", 0, HEAD - 8, class_="label label-strong")
    if not report.uptime.monitors:
        yield text("no monitor", LEFT, HEAD + ROW - 2)
    for index, row in enumerate(report.uptime.monitors):
        top = HEAD + index * (ROW + ROW_GAP)
        name = row.name or row.monitor
        short = shortened(name, NAME_CHARACTERS)
        yield text(short, LEFT - 8, top + ROW - 2, anchor="end", full=name)
        yield from band(row, axis, top, ROW)


def _people(
    report: JourneyReport, axis: TimeAxis, panel: _Panel, levels: Sequence[str], names: list[str]
) -> Iterator[str]:
    yield text("Get through", 0, panel.top - 8, class_="label label-strong")
    for share in (0.0, 0.5, 1.0):
        y = panel.y(share)
        yield line(LEFT, y, WIDTH - RIGHT, y, "grid" if share else "axis")
        yield text(f"{share * 100:.0f} %", LEFT - 8, y + 4, anchor="end")
    x = LEFT
    for level in names:
        runs = list(_runs(report.slots, level))
        marks = [_swatch(x, panel.top - 12), text(level_name(level), x + 16, panel.top - 8)]
        marks += [_band(run, axis, panel, level) for run in runs]
        marks += [_line(run, axis, panel, level) for run in runs]
        yield element("g", *marks, class_=level_class(level, levels))
        x += 16 + 7 * len(level_name(level)) + 18


def _runs(slots: Sequence[JourneySlot], level: str) -> Iterator[list[JourneySlot]]:
    """Stretches of slots whose share is shown; a withheld one leaves a gap."""
    run: list[JourneySlot] = []
    for slot in slots:
        if level in slot.passed and slot.passed[level].value is not None:
            run.append(slot)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _band(run: list[JourneySlot], axis: TimeAxis, panel: _Panel, level: str) -> str:
    upper = [(_middle(slot, axis), panel.y(slot.passed[level].high or 0)) for slot in run]
    lower = [(_middle(slot, axis), panel.y(slot.passed[level].low or 0)) for slot in run]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (*upper, *reversed(lower)))
    return element("polygon", points=points, class_="band", fill=SERIES, fill_opacity=0.16)


def _line(run: list[JourneySlot], axis: TimeAxis, panel: _Panel, level: str) -> str:
    points = [(_middle(slot, axis), panel.y(slot.passed[level].value or 0)) for slot in run]
    if len(points) == 1:
        ((x, y),) = points
        return element("circle", cx=x, cy=y, r=2.2, class_="dot", fill=SERIES)
    return element(
        "polyline",
        points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        class_="line",
        fill="none",
        stroke=SERIES,
        stroke_width=1.6,
        stroke_linejoin="round",
    )


def _activity(slots: Sequence[JourneySlot], axis: TimeAxis, panel: _Panel) -> Iterator[str]:
    yield from _frame("Activity", panel)
    yield from _bars(slots, axis, panel, [slot.activity for slot in slots], "bar")
    path = []
    for slot in slots:
        if slot.expected is not None:
            y = panel.y(slot.expected)
            path.append(f"M{axis.x(slot.start):.1f} {y:.1f}H{axis.x(slot.end):.1f}")
    if path:
        yield element(
            "path", d="".join(path), class_="expected", stroke="currentColor", stroke_width=1.6
        )
        x = WIDTH - RIGHT
        yield text("usual", x, panel.top - 8, anchor="end")
        usual = f"M{x - 52:.1f} {panel.top - 12:.1f}h16"
        yield element("path", d=usual, class_="expected", stroke="currentColor", stroke_width=1.6)


def _errors(slots: Sequence[JourneySlot], axis: TimeAxis, panel: _Panel) -> Iterator[str]:
    yield from _frame("Errors", panel)
    yield from _bars(slots, axis, panel, [slot.errors for slot in slots], "bar errors")


def _frame(name: str, panel: _Panel) -> Iterator[str]:
    yield text(name, 0, panel.top - 8, class_="label label-strong")
    yield line(LEFT, panel.bottom, WIDTH - RIGHT, panel.bottom, "axis")
    yield text("0", LEFT - 8, panel.bottom + 4, anchor="end")
    yield text(f"{panel.most:,.0f}", LEFT - 8, panel.top + 4, anchor="end")


def _bars(
    slots: Sequence[JourneySlot],
    axis: TimeAxis,
    panel: _Panel,
    counts: Sequence[int],
    class_: str,
) -> Iterator[str]:
    for slot, count in zip(slots, counts, strict=True):
        if count:
            x, y = axis.x(slot.start), panel.y(count)
            width = max(1.0, axis.x(slot.end) - x - 0.8)
            yield element(
                "rect",
                x=x,
                y=y,
                width=width,
                height=panel.bottom - y,
                class_=class_,
                fill="currentColor",
                fill_opacity=0.55,
            )


def _slots(
    slots: Sequence[JourneySlot], axis: TimeAxis, top: float, bottom: float, names: list[str]
) -> Iterator[str]:
    """Over everything, unseen: what each slot says, for whoever points at it."""
    for slot in slots:
        x = axis.x(slot.start)
        yield element(
            "rect",
            title(_words(slot, names)),
            x=x,
            y=top,
            width=max(0.5, axis.x(slot.end) - x),
            height=bottom - top,
            class_="slot",
            fill="transparent",
        )


def _words(slot: JourneySlot, names: list[str]) -> str:
    through = ", ".join(
        f"{level_name(level)} {percent(estimate.value)}"
        for level in names
        if (estimate := slot.passed.get(level)) and estimate.value is not None
    )
    usual = "" if slot.expected is None else f" (usual {slot.expected:,.0f})"
    return (
        f"{stretch(Window(slot.start, slot.end))}: outside {slot.outside.value};"
        f" get through: {through or 'too few sessions to say'};"
        f" activity {slot.activity:,}{usual}; {slot.errors:,} errors"
    )


def _swatch(x: float, y: float) -> str:
    return element("rect", x=x, y=y - 4, width=11, height=8, rx=2, class_="swatch", fill=SERIES)


def _middle(slot: JourneySlot, axis: TimeAxis) -> float:
    return (axis.x(slot.start) + axis.x(slot.end)) / 2


def _label(report: JourneyReport) -> str:
    said = " ".join(finding.sentence for finding in report.findings[:3])
    return f"{report.name} over time: outside, people, activity, errors. {said or 'No finding.'}"
