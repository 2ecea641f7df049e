"""The prober: runs the schedule, makes the checks, hands every result to the sink."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable

from msgspec import Struct, structs

from probes.check import Checker, now_us, result_without_check
from probes.monitor import Monitor
from probes.outbox import Outbox
from probes.outcome import Outcome, Verdict
from probes.result import CheckResult, MonitorDefinition
from probes.schedule import Schedule, Turn
from probes.sink import ResultSink

LOOK_EVERY_S = 1.0
"""The longest sleep: what the clock did meanwhile (suspended, set) is noticed after it."""
FLUSH_S_MAX = 5.0
"""How long stopping waits for the sink to take what is left."""
UNWRITTEN_MAX = 50_000

_log = logging.getLogger(__name__)


class ProberStatus(Struct, frozen=True, kw_only=True):
    """What a prober is doing; the counts run from its start."""

    monitors: int
    in_flight: int
    unwritten: int
    """Records waiting for the sink."""
    dropped: int
    """Records given up because too many waited."""
    write_failures: int
    internal_errors: int
    checks: int = 0
    """Begun."""
    lag_s: float = 0.0
    """How late they were begun, together."""
    lag_s_max: float = 0.0
    lagged: int = 0
    """Checks that came too late to be made, or to say anything."""
    missed: int = 0
    """Checks not made because the one before was still in flight."""


class Prober:
    """Checks monitors in their rhythm until told to stop.

    `clock_us` is microseconds since the epoch, `monotonic_s` seconds on a clock that never goes
    back. The checker stays its maker's to close. Raises ValueError for two monitors of one id.
    """

    def __init__(
        self,
        monitors: Iterable[Monitor],
        sink: ResultSink,
        *,
        location: str,
        checker: Checker,
        in_flight_max: int = 200,
        lag_limit_s: float = 5.0,
        unwritten_max: int = UNWRITTEN_MAX,
        clock_us: Callable[[], int] = now_us,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monitors = _by_id(monitors)
        self._location = location
        self._checker = checker
        self._in_flight_max = in_flight_max
        self._lag_limit_s = lag_limit_s
        self._clock_us = clock_us
        self._monotonic_s = monotonic_s
        self._schedule = Schedule(location=location, lag_limit_s=lag_limit_s)
        self._outbox = Outbox(sink, unwritten_max)
        self._checks: dict[str, asyncio.Task[Verdict]] = {}
        self._wake = asyncio.Event()
        self._running = False
        self._internal_errors = 0
        self._checks_begun = 0
        self._lag_s = self._lag_s_max = 0.0
        self._unmade: Counter[Outcome] = Counter()

    async def run(self, stop: asyncio.Event) -> None:
        """Check until `stop` is set; then end what is in flight, and write what is known.

        A check cut short by stopping leaves no result. Raises what the sink raises if that is
        not an OSError.
        """
        writer = asyncio.create_task(self._outbox.run())
        stopped = asyncio.create_task(stop.wait())
        for task in (writer, stopped):
            task.add_done_callback(lambda _: self._wake.set())
        self._running = True
        self._take_up(self._monitors.values(), removed=())
        try:
            while not stopped.done() and not writer.done():
                self._start_due()
                await self._next_turn()
        finally:
            self._running = False
            await self._end(writer, stopped)

    def update(self, monitors: Iterable[Monitor]) -> None:
        """Watch these monitors from now on; those that did not change notice nothing.

        Call it in the thread of the running loop. A check in flight of a monitor that is removed
        or paused is cut short. Raises ValueError for two monitors of one id, and changes nothing.
        """
        before, self._monitors = self._monitors, _by_id(monitors)
        if not self._running:
            return
        changed = [
            monitor for monitor in self._monitors.values() if before.get(monitor.id) != monitor
        ]
        removed = [before[monitor_id] for monitor_id in before.keys() - self._monitors.keys()]
        for monitor in [*removed, *(monitor for monitor in changed if monitor.paused)]:
            if (check := self._checks.get(monitor.id)) is not None:
                check.cancel()
        self._take_up(changed, removed=removed)

    def status(self) -> ProberStatus:
        return ProberStatus(
            monitors=len(self._monitors),
            in_flight=len(self._checks),
            unwritten=len(self._outbox),
            dropped=self._outbox.dropped,
            write_failures=self._outbox.failures,
            internal_errors=self._internal_errors,
            checks=self._checks_begun,
            lag_s=self._lag_s,
            lag_s_max=self._lag_s_max,
            lagged=self._unmade[Outcome.LAGGED],
            missed=self._unmade[Outcome.MISSED],
        )

    def _take_up(self, changed: Iterable[Monitor], *, removed: Iterable[Monitor]) -> None:
        from_us = self._clock_us()
        for monitors, gone in ((changed, False), (removed, True)):
            for monitor in monitors:
                self._outbox.put(
                    MonitorDefinition(
                        monitor=monitor, from_us=from_us, location=self._location, removed=gone
                    )
                )
        self._schedule.replace(
            self._monitors.values(), now_s=self._monotonic_s(), wall_s=from_us / 1e6
        )
        self._wake.set()

    def _start_due(self) -> None:
        now_s = self._monotonic_s()
        wall_us = self._clock_us()
        for turn in self._schedule.take(now_s, self._in_flight_max - len(self._checks)):
            due_us = wall_us - round((now_s - turn.due_s) * 1e6)
            if turn.skipped is None:
                late_s = max(0.0, now_s - turn.due_s)
                self._checks_begun += 1
                self._lag_s += late_s
                self._lag_s_max = max(self._lag_s_max, late_s)
                self._start(turn, due_us)
            else:
                self._unmade[turn.skipped] += 1
                self._outbox.put(self._skipped(turn, turn.skipped, due_us, wall_us))

    def _start(self, turn: Turn, due_us: int) -> None:
        check = asyncio.create_task(self._check(turn, due_us))
        self._checks[turn.monitor.id] = check
        # Not in the task's own finally: one cancelled before it began never gets there.
        check.add_done_callback(lambda check: self._ended(turn, check))

    def _ended(self, turn: Turn, check: asyncio.Task[Verdict]) -> None:
        monitor_id = turn.monitor.id
        if len(self._checks) >= self._in_flight_max:
            self._wake.set()
        del self._checks[monitor_id]
        self._schedule.finished(monitor_id)
        if check.cancelled() or check.exception() is not None:
            return
        if self._schedule.heard(monitor_id, check.result(), turn.due_s):
            self._wake.set()  # the retry may be due before what is slept for

    async def _next_turn(self) -> None:
        """Sleep until something is due, or something happens."""
        due_s = self._schedule.next_due_s()
        wait_s = LOOK_EVERY_S
        if due_s is not None and len(self._checks) < self._in_flight_max:
            wait_s = min(max(due_s - self._monotonic_s(), 0.0), LOOK_EVERY_S)
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _check(self, turn: Turn, due_us: int) -> Verdict:
        monitor = turn.monitor
        clocks_apart_s = self._clocks_apart_s()
        try:
            result = await self._checker.check(monitor, due_us=due_us, location=self._location)
        except Exception as error:  # the loop must survive whatever one check does
            _log.exception("the check of %s broke", monitor.id)
            result = self._internal_error(monitor, due_us, f"the check broke: {error!r}")
        result = self._trusted(result, self._clocks_apart_s() - clocks_apart_s)
        self._outbox.put(result)
        return result.outcome.verdict

    def _trusted(self, result: CheckResult, clock_moved_s: float) -> CheckResult:
        """The result, or that it says nothing because this machine was not well."""
        limit_s = self._lag_limit_s
        if abs(clock_moved_s) > limit_s:
            return structs.replace(
                result,
                outcome=Outcome.INTERNAL_ERROR,
                detail=f"the clock moved by {clock_moved_s:.1f} s during the check: "
                "this machine was suspended, or its clock was set",
            )
        if result.lag_ms > limit_s * 1000:
            self._unmade[Outcome.LAGGED] += 1
            return structs.replace(
                result, outcome=Outcome.LAGGED, detail=_late(result.lag_ms / 1000, limit_s)
            )
        return result

    def _skipped(self, turn: Turn, outcome: Outcome, due_us: int, wall_us: int) -> CheckResult:
        detail = (
            "the check before was still in flight"
            if outcome is Outcome.MISSED
            else _late((wall_us - due_us) / 1e6, self._lag_limit_s)
        )
        return result_without_check(
            turn.monitor,
            outcome,
            detail,
            due_us=due_us,
            started_us=wall_us,
            location=self._location,
        )

    def _internal_error(self, monitor: Monitor, due_us: int, detail: str) -> CheckResult:
        self._internal_errors += 1
        return result_without_check(
            monitor,
            Outcome.INTERNAL_ERROR,
            detail,
            due_us=due_us,
            started_us=self._clock_us(),
            location=self._location,
        )

    def _clocks_apart_s(self) -> float:
        return self._clock_us() / 1e6 - self._monotonic_s()

    async def _end(self, writer: asyncio.Task[None], stopped: asyncio.Task[bool]) -> None:
        checks = list(self._checks.values())
        for check in checks:
            check.cancel()
        await asyncio.gather(*checks, return_exceptions=True)
        if not writer.done():
            try:
                async with asyncio.timeout(FLUSH_S_MAX):
                    await self._outbox.emptied()
            except TimeoutError:
                _log.error("stopped with %d records that could not be written", len(self._outbox))
        stopped.cancel()
        if not writer.cancel():
            writer.result()
        await asyncio.gather(writer, stopped, return_exceptions=True)


def _by_id(monitors: Iterable[Monitor]) -> dict[str, Monitor]:
    found: dict[str, Monitor] = {}
    for monitor in monitors:
        if monitor.id in found:
            raise ValueError(f"two monitors have the id {monitor.id!r}")
        found[monitor.id] = monitor
    return found


def _late(late_s: float, limit_s: float) -> str:
    return f"{late_s:.1f} s after its due time, limit {limit_s:g} s"
