"""A monitor's time as a strip: one bar a day, or one band of its intervals."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from analytics.charts.svg import element, hatch, picture, title
from analytics.charts.time_axis import TimeAxis
from analytics.question import Window
from analytics.reports.types import DayShare, MonitorUptime, State
from analytics.wording import length, moment, percent

DAY_WIDTH, DAY_GAP, DAY_HEIGHT = 10, 2, 30
BAND_WIDTH, BAND_HEIGHT = 1000, 28

_FROM_BELOW = (
    State.DOWN,
    State.DEGRADED,
    State.UNKNOWN,
    State.MAINTENANCE,
    State.PAUSED,
    State.UP,
)
_LEAST = {State.DOWN: 0.30, State.UNKNOWN: 0.15}
"""The least part of a day's bar: 47 minutes down must not be a hairline."""
_LEAST_WIDTH = {State.DOWN: 2.0, State.UNKNOWN: 2.0, State.DEGRADED: 1.0}
_WORDS = {
    State.UP: "up",
    State.DEGRADED: "degraded",
    State.DOWN: "down",
    State.MAINTENANCE: "in maintenance",
    State.PAUSED: "paused",
    State.UNKNOWN: "not observed",
}


def day_strip(row: MonitorUptime) -> str:
    """One bar for each day of the report, bad time at its foot. Meant to be stretched."""
    width = len(row.days) * DAY_WIDTH - DAY_GAP
    bars = [_day(day, index * DAY_WIDTH) for index, day in enumerate(row.days)]
    return picture(
        max(width, 1), DAY_HEIGHT, _day_label(row), *bars, class_="strip90", stretched=True
    )


def interval_strip(row: MonitorUptime, window: Window) -> str:
    """The monitor's intervals over the window, to scale but for a least width of bad ones."""
    axis = TimeAxis(window, 0, BAND_WIDTH)
    label = (
        f"{row.name}: {_seconds_words(row.seconds, (State.UP, *_FROM_BELOW[:-1])) or 'not on duty'}"
    )
    height = BAND_HEIGHT + 34
    return picture(
        BAND_WIDTH,
        height,
        label,
        axis.drawn(BAND_HEIGHT, BAND_HEIGHT + 2),
        *band(row, axis, 0, BAND_HEIGHT),
        class_="chart-wide",
    )


def band(row: MonitorUptime, axis: TimeAxis, top: float, height: float) -> Iterator[str]:
    """The intervals as one band of a time axis; the bad ones last, so that nothing hides them."""
    yield _no_duty(axis.left, top, axis.right - axis.left, height)
    for state in reversed(_FROM_BELOW):
        for each in row.intervals:
            if each.state is not state:
                continue
            x, end = axis.x(each.start), axis.x(each.end)
            width = max(end - x, _LEAST_WIDTH.get(state, 0.0))
            x = min(x, axis.right - width)
            words = (
                f"{row.name} {_WORDS[state]} for {length(each.end - each.start)},"
                f" {moment(each.start)} to {moment(each.end)}"
            )
            yield _block(state, x, top, width, height, words)


def _day(day: DayShare, x: float) -> str:
    width = DAY_WIDTH - DAY_GAP
    total = sum(day.seconds.values())
    words = f"{day.day.day} {day.day:%b %Y}: {_day_words(day)}"
    if not total:
        return element("g", title(words), _no_duty(x, 0, width, DAY_HEIGHT))
    present = [state for state in _FROM_BELOW if day.seconds.get(state)]
    parts = {state: max(day.seconds[state] / total, _LEAST.get(state, 0.0)) for state in present}
    scale = DAY_HEIGHT / sum(parts.values())
    blocks = []
    bottom = float(DAY_HEIGHT)
    for state in present:
        height = parts[state] * scale
        bottom -= height
        blocks.append(_block(state, x, max(0.0, bottom), width, height, ""))
    return element("g", title(words), *blocks)


def _block(state: State, x: float, y: float, width: float, height: float, words: str) -> str:
    rectangle = element(
        "rect",
        x=x,
        y=y,
        width=width,
        height=height,
        class_=f"state-{state.value}",
        fill="currentColor",
    )
    if state is State.UNKNOWN:
        rectangle += hatch(x, y, width, height)
    return element("g", title(words), rectangle) if words else rectangle


def _no_duty(x: float, y: float, width: float, height: float) -> str:
    return element(
        "rect",
        x=x,
        y=y,
        width=width,
        height=height,
        class_="no-duty",
        fill="currentColor",
        fill_opacity=0.06,
    )


def _day_words(day: DayShare) -> str:
    if not sum(day.seconds.values()):
        return "not watched"
    if day.uptime is None:
        return _seconds_words(day.seconds, _FROM_BELOW)
    details = _seconds_words(day.seconds, _FROM_BELOW[:-1])
    return f"{percent(day.uptime)} up" + (f"; {details}" if details else "")


def _day_label(row: MonitorUptime) -> str:
    days = f"{row.name}, {len(row.days)} days"
    if row.uptime is None:
        return f"{days}: no data"
    down = [day for day in row.days if day.seconds.get(State.DOWN)]
    bad = f"down on {len(down)} of them" if down else "never down"
    return f"{days}: {percent(row.uptime)} up, {bad}, {percent(row.observed_share)} observed"


def _seconds_words(seconds: Mapping[State, float], states: Sequence[State]) -> str:
    return ", ".join(
        f"{length(timedelta(seconds=seconds[state]))} {_WORDS[state]}"
        for state in states
        if seconds.get(state)
    )
