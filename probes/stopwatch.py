"""The time of one check, phase by phase, on the monotonic clock."""

from enum import StrEnum
from time import perf_counter


class Phase(StrEnum):
    """What a check is doing; each begins when the one before it ends."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    WAIT = "wait"
    """From the connection being ready to the first byte of the answer."""
    TRANSFER = "transfer"


class Stopwatch:
    """Times the phases of the current hop and the whole check.

    A phase that never began has no duration; one cut short has the time it took until then.
    Time spent queueing for something of our own is given to `excuse` and counts for nothing.
    """

    __slots__ = ("_began_s", "_open_since_s", "_phases_s", "excused_s", "phase")

    def __init__(self) -> None:
        self.phase: Phase | None = None
        self._phases_s: dict[Phase, float] = {}
        self._began_s = perf_counter()
        self._open_since_s: float | None = None
        self.excused_s = 0.0

    def begin(self, phase: Phase) -> None:
        """End the phase that is open, if any, and begin this one now."""
        now_s = perf_counter()
        self._end(now_s)
        self.phase = phase
        self._open_since_s = now_s

    def end(self) -> None:
        """End the open phase; `phase` still tells which one was last."""
        self._end(perf_counter())

    def record(self, phase: Phase, duration_s: float) -> None:
        """Take over a duration that was measured elsewhere, in another thread."""
        self.phase = phase
        self._open_since_s = None
        self._phases_s[phase] = duration_s

    def excuse(self, duration_s: float) -> None:
        """Take time that was ours, not the target's, off the total."""
        self.excused_s += duration_s

    def next_hop(self) -> None:
        """Forget the phases of the hop before; the total runs on."""
        self._phases_s.clear()
        self.phase = None
        self._open_since_s = None

    def phase_ms(self, phase: Phase) -> float | None:
        duration_s = self._phases_s.get(phase)
        return None if duration_s is None else duration_s * 1000

    def total_ms(self) -> float:
        return (perf_counter() - self._began_s - self.excused_s) * 1000

    def elapsed_s(self) -> float:
        """Since the beginning, nothing taken off."""
        return perf_counter() - self._began_s

    def _end(self, now_s: float) -> None:
        if self._open_since_s is not None and self.phase is not None:
            self._phases_s[self.phase] = now_s - self._open_since_s
        self._open_since_s = None
