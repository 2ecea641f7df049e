"""A limit on the processor time that a pattern of a user's may take over a body of a target's."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

PATTERN_S_MAX = 0.25


class OutOfPatienceError(Exception):
    """A pattern took longer than it may."""


@contextmanager
def patience(limit_s: float = PATTERN_S_MAX) -> Iterator[None]:
    """Raise OutOfPatienceError in what runs here for over `limit_s` of processor time.

    A regular expression can take longer than the universe has; Python's matcher looks for signals
    while it works. Signals come to the main thread only, so elsewhere there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _give_up(number: int, frame: FrameType | None) -> None:
    raise OutOfPatienceError
