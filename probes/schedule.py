"""When each monitor is due: pure, on a monotonic clock given by the caller.

A monitor's phase is a hash of its name and location, so checks spread over the interval and keep
their places through a restart. It is due at base + turn x interval: no drift, whatever a check
takes. While a failure waits to be confirmed it is due in between as well, each time its
`retry_interval_s` after the check before: such a retry never moves the beat, nor is one begun that
could still be in flight at the next beat. Nothing here reads a clock or starts a check.
"""

import heapq
import math
import zlib
from collections.abc import Iterable

from msgspec import Struct

from probes.monitor import Monitor
from probes.outcome import Outcome, Verdict


class Turn(Struct, frozen=True):
    """A monitor that fell due at `due_s`.

    `skipped` is None when a check is to be started now; else it is why none is: MISSED when the
    check before is still in flight, LAGGED when the turn comes too late to say anything.
    """

    monitor: Monitor
    due_s: float
    skipped: Outcome | None = None


class _Rhythm:
    """A monitor, the next of its turns, and the retry before it, if one is wanted."""

    __slots__ = ("bad_due_s", "bad_in_a_row", "base_s", "entry", "monitor", "retry_s", "turn")

    def __init__(self, monitor: Monitor, base_s: float) -> None:
        self.monitor = monitor
        self.base_s = base_s
        self.turn = 0
        self.retry_s: float | None = None
        self.entry = 0
        """The one entry of the heap that stands for it; any other is outdated."""
        self.bad_in_a_row = 0
        self.bad_due_s = 0.0

    @property
    def beat_s(self) -> float:
        return self.base_s + self.turn * self.monitor.interval_s

    @property
    def due_s(self) -> float:
        return self.beat_s if self.retry_s is None else self.retry_s

    def advance(self, not_before_s: float) -> None:
        """To the first later turn that is due at `not_before_s` or after; a retry is one by
        itself, and what it came before stays due."""
        if self.retry_s is not None:
            self.retry_s = None
            return
        whole = math.ceil((not_before_s - self.base_s) / self.monitor.interval_s)
        self.turn = max(self.turn + 1, whole)

    def hear(self, verdict: Verdict, due_s: float) -> None:
        """Take a result in, and want a retry if it is a failure still to be confirmed."""
        monitor = self.monitor
        if verdict is Verdict.UNKNOWN:
            return
        if verdict is not Verdict.BAD:
            self.bad_in_a_row = 0
            return
        silence_s = 2 * monitor.interval_s + monitor.timeout_s
        if due_s - self.bad_due_s > silence_s:  # a silence breaks the row: analytics/timeline.py
            self.bad_in_a_row = 0
        self.bad_in_a_row += 1
        self.bad_due_s = due_s
        if monitor.retry_interval_s is not None and self.bad_in_a_row < monitor.confirm_after:
            self.retry_s = due_s + monitor.retry_interval_s

    def drop_late_retry(self, now_s: float) -> bool:
        """Give the retry up if it would not have ended by the next beat."""
        if self.retry_s is None:
            return False
        if max(self.retry_s, now_s) + self.monitor.timeout_s <= self.beat_s:
            return False
        self.retry_s = None
        return True


class Schedule:
    """Which monitors are due. Times are seconds on any one monotonic clock.

    At most one check of a monitor is in flight: whoever takes a turn to start calls `finished`
    when its check has ended, for whatever reason.
    """

    def __init__(self, *, location: str, lag_limit_s: float) -> None:
        self._location = location
        self._lag_limit_s = lag_limit_s
        self._rhythms: dict[str, _Rhythm] = {}
        self._heap: list[tuple[float, int, _Rhythm]] = []
        self._entries = 0
        self._in_flight: set[str] = set()

    def replace(self, monitors: Iterable[Monitor], *, now_s: float, wall_s: float) -> None:
        """Take these monitors for the ones there were; paused ones have no turns.

        A monitor with the same interval as before keeps its rhythm, whatever else of it changed;
        any other is first due within one interval of `now_s`. `wall_s` is seconds since the
        epoch: it places the phase, and is not looked at again.
        """
        wanted = {monitor.id: monitor for monitor in monitors if not monitor.paused}
        for monitor_id in self._rhythms.keys() - wanted.keys():
            self._rhythms.pop(monitor_id).entry = 0
        for monitor in wanted.values():
            rhythm = self._rhythms.get(monitor.id)
            if rhythm is not None and rhythm.monitor.interval_s == monitor.interval_s:
                rhythm.monitor = monitor
                if rhythm.retry_s is not None and monitor.retry_interval_s is None:
                    rhythm.retry_s = None
                    self._push(rhythm)
                continue
            if rhythm is not None:
                rhythm.entry = 0
            phase = phase_s(monitor, self._location)
            rhythm = _Rhythm(monitor, now_s + (phase - wall_s) % monitor.interval_s)
            self._rhythms[monitor.id] = rhythm
            self._push(rhythm)

    def take(self, now_s: float, free: int) -> list[Turn]:
        """The turns due by `now_s`, longest due first, at most `free` of them to be started.

        Turns that passed together (the process stood still) are one: a monitor that was due ten
        times is skipped once and then due at its next turn.
        """
        turns: list[Turn] = []
        while (due_s := self.next_due_s()) is not None and due_s <= now_s:
            rhythm = self._heap[0][2]
            monitor = rhythm.monitor
            if rhythm.drop_late_retry(now_s):
                self._push(rhythm)
                continue
            if monitor.id in self._in_flight:
                turns.append(Turn(monitor, due_s, Outcome.MISSED))
                rhythm.advance(math.nextafter(now_s, math.inf))
            elif now_s - due_s > self._lag_limit_s:
                turns.append(Turn(monitor, due_s, Outcome.LAGGED))
                rhythm.advance(now_s - self._lag_limit_s)
            elif free > 0:
                free -= 1
                self._in_flight.add(monitor.id)
                turns.append(Turn(monitor, due_s))
                rhythm.advance(math.nextafter(now_s, math.inf))
            else:
                break
            self._push(rhythm)
        return turns

    def heard(self, monitor_id: str, verdict: Verdict, due_s: float) -> bool:
        """What the check of the turn due at `due_s` said; whether it is to be tried again before
        the next beat. Nothing comes of it for a monitor that is watched no longer. Call it
        after `finished`."""
        rhythm = self._rhythms.get(monitor_id)
        if rhythm is None:
            return False
        rhythm.hear(verdict, due_s)
        if rhythm.retry_s is None or rhythm.drop_late_retry(due_s):
            return False
        self._push(rhythm)
        return True

    def finished(self, monitor_id: str) -> None:
        """The check that was started has ended."""
        self._in_flight.discard(monitor_id)

    def next_due_s(self) -> float | None:
        """When the next turn falls, which may be past; None without monitors."""
        while self._heap and self._heap[0][1] != self._heap[0][2].entry:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _push(self, rhythm: _Rhythm) -> None:
        """Make a rhythm's entry anew; the one before, if any, is passed over."""
        self._entries += 1
        rhythm.entry = self._entries
        heapq.heappush(self._heap, (rhythm.due_s, self._entries, rhythm))


def phase_s(monitor: Monitor, location: str) -> float:
    """A monitor's place within its interval, in seconds: the same wherever and whenever asked."""
    return _hash32(f"{location}/{monitor.id}") / 2**32 * monitor.interval_s


def _hash32(text: str) -> int:
    """CRC-32 followed by murmur3's finalizer: CRC alone is not uniform on sequential names."""
    value = zlib.crc32(text.encode())
    value = ((value ^ (value >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    value = ((value ^ (value >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return value ^ (value >> 16)
