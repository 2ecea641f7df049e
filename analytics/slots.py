"""A window cut into equal slots of whole minutes, hours or days, UTC."""

from datetime import timedelta

from msgspec import Struct

from analytics.question import Window
from analytics.times import from_us, to_us

MINUTES_5, MINUTES_15 = timedelta(minutes=5), timedelta(minutes=15)
HOUR, HOURS_4, DAY = timedelta(hours=1), timedelta(hours=4), timedelta(days=1)

_LONGEST = {
    MINUTES_5: timedelta(hours=3),
    MINUTES_15: timedelta(hours=24),
    HOUR: timedelta(days=8),
    HOURS_4: timedelta(days=33),
}
"""The longest window for each width: 24 to 200 slots, about."""


class Slots(Struct, frozen=True):
    """`count` slots of `width_us`; slot 0 begins at `first` x `width_us` since the epoch, at or
    before the window's start."""

    width_us: int
    first: int
    count: int

    def window(self, index: int) -> Window:
        """Slot `index`, whole; the window asked for may end within the last one."""
        start_us = (self.first + index) * self.width_us
        return Window(from_us(start_us), from_us(start_us + self.width_us))

    @property
    def whole(self) -> Window:
        """From the first slot's start to the last one's end."""
        return Window(self.window(0).start, self.window(self.count - 1).end)


def slots_of(window: Window, *, least: timedelta = MINUTES_5) -> Slots:
    """The slots a window is shown in, none shorter than `least`."""
    length = window.end - window.start
    width = next((width for width, longest in _LONGEST.items() if length <= longest), DAY)
    return slots_of_width(window, max(width, least))


def slots_of_width(window: Window, width: timedelta) -> Slots:
    width_us = width // timedelta(microseconds=1)
    first = to_us(window.start) // width_us
    end = -(-to_us(window.end) // width_us)
    return Slots(width_us, first, max(1, end - first))
