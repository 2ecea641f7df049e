"""A time axis: instants to places, and ticks at whole hours, days or months, UTC."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from analytics.charts.svg import line, text
from analytics.question import Window

TICKS_MAX = 9
LABEL_HALF = 18
"""About half the width of "17 Nov"."""
LABEL_ROOM = 52.0
"""From one label's middle to the next one's, that both can be read."""
_STEPS = tuple(
    timedelta(minutes=minutes) for minutes in (5, 10, 15, 30, 60, 120, 180, 360, 720)
) + tuple(timedelta(days=days) for days in (1, 2, 4, 7, 14, 28, 56))


class TimeAxis(Struct, frozen=True):
    """The window laid from `left` to `right`."""

    window: Window
    left: float
    right: float

    def x(self, moment: datetime) -> float:
        share = (moment - self.window.start) / (self.window.end - self.window.start)
        return self.left + (self.right - self.left) * min(1.0, max(0.0, share))

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Places and labels, few enough to be read."""
        length = self.window.end - self.window.start
        most = max(1, min(TICKS_MAX, int((self.right - self.left) // LABEL_ROOM)))
        step = next((step for step in _STEPS if length <= step * most), _STEPS[-1])
        moment = _after(self.window.start, step)
        while moment < self.window.end:
            by_day = step >= timedelta(days=1) or moment.hour == moment.minute == 0
            yield self.x(moment), f"{moment.day} {moment:%b}" if by_day else f"{moment:%H:%M}"
            moment += step

    def drawn(self, top: float, bottom: float) -> str:
        """Grid lines from `top` to `bottom` and labels below."""
        parts = [line(self.left, bottom, self.right, bottom, "axis")]
        for x, label in self.ticks():
            parts.append(line(x, top, x, bottom, "grid"))
            parts.append(text(label, x, bottom + 15, anchor=self._anchor(x)))
        parts.append(text("UTC", self.right, bottom + 29, anchor="end", class_="label label-minor"))
        return "".join(parts)

    def _anchor(self, x: float) -> str:
        """The middle, but for a label so near an end of the picture that it would be cut there."""
        if x < LABEL_HALF:
            return "start"
        return "end" if self.right - x < LABEL_HALF else "middle"


def _after(moment: datetime, step: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + -(-(moment - epoch) // step) * step
