"""Notices that the clock was set, so that nothing is forgotten or removed by a wrong time."""

from collections.abc import Callable
from datetime import datetime

JUMP_S = 120.0
"""By which clock and monotonic clock may part between two looks; drift is far less."""


class ClockWatch:
    """Whether the clock has run evenly for the last `hold_s` seconds, as far as it was looked at.

    One that slept with its machine looks as if it was set: the monotonic clock stands still then.
    For one thread.
    """

    def __init__(self, hold_s: float, monotonic: Callable[[], float]) -> None:
        self._hold_s = hold_s
        self._monotonic = monotonic
        self._last: tuple[datetime, float] | None = None
        self._uneven_at_s: float | None = None

    def steady(self, now: datetime) -> bool:
        """To be asked often: two jumps that cancel out between two looks are not seen."""
        at_s = self._monotonic()
        if self._last is not None:
            before, before_s = self._last
            if abs((now - before).total_seconds() - (at_s - before_s)) > JUMP_S:
                self._uneven_at_s = at_s
        self._last = now, at_s
        return self._uneven_at_s is None or at_s - self._uneven_at_s >= self._hold_s
