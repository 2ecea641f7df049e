"""A machine and a world on a clock of their own: months pass as fast as they can be computed."""

import asyncio
import random
import selectors
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct

from probes.check import result_without_check
from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.result import CheckResult, MonitorDefinition

LATENCY_S = 0.2


class Machine:
    """Its clocks: monotonic, which stands still while it sleeps, and wall, which may be wrong."""

    def __init__(self, started_s: float) -> None:
        self.monotonic = 1_000.0
        self._offset_s = started_s - self.monotonic
        self.error_s = 0.0
        """How far its wall clock is ahead of the true time."""

    def monotonic_s(self) -> float:
        return self.monotonic

    def true_s(self) -> float:
        return self.monotonic + self._offset_s

    def clock_us(self) -> int:
        return round((self.true_s() + self.error_s) * 1e6)

    def sleep(self, seconds: float) -> None:
        """The machine is suspended: time passes, but not for its monotonic clock."""
        self._offset_s += seconds

    def loop(self) -> asyncio.AbstractEventLoop:
        """An event loop that never waits: where it would, the machine's time passes."""
        loop = asyncio.SelectorEventLoop(_Leaping(self))
        loop.time = self.monotonic_s  # type: ignore[method-assign]
        return loop


class _Leaping(selectors.SelectSelector):
    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self._machine = machine

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError("nothing will ever happen again")
        self._machine.monotonic += max(timeout, 0.0)
        return []


class Outage(Struct, frozen=True):
    """In seconds of true time."""

    start_s: float
    end_s: float


class World:
    """What is really up and down; it takes the place of a Checker."""

    def __init__(self, machine: Machine, outages: Sequence[Outage]) -> None:
        assert all(before.end_s < after.start_s for before, after in pairwise(outages))
        self._machine = machine
        self._outages = outages

    def down_at(self, true_s: float) -> bool:
        return any(each.start_s <= true_s < each.end_s for each in self._outages)

    async def check(self, monitor: Monitor, *, due_us: int, location: str) -> CheckResult:
        started_us = self._machine.clock_us()
        down = self.down_at(self._machine.true_s())
        await asyncio.sleep(monitor.timeout_s if down else LATENCY_S)
        outcome = Outcome.WAIT_TIMEOUT if down else Outcome.OK
        return result_without_check(
            monitor, outcome, "", due_us=due_us, started_us=started_us, location=location
        )


class Memory:
    """A sink that keeps everything."""

    def __init__(self) -> None:
        self.results: list[CheckResult] = []
        self.definitions: list[MonitorDefinition] = []

    async def write(self, record: CheckResult | MonitorDefinition) -> None:
        if isinstance(record, CheckResult):
            self.results.append(record)
        else:
            self.definitions.append(record)


def outages_over(chance: random.Random, start_s: float, end_s: float) -> list[Outage]:
    """Blips of seconds and outages of minutes to hours, some days apart."""
    found: list[Outage] = []
    moment_s = start_s
    while True:
        moment_s += chance.expovariate(1 / (1.2 * 86_400)) + 7_200
        long_s = chance.choice((20.0, 400.0, 1_500.0, 3_600.0, 14_400.0)) * chance.uniform(0.7, 1.3)
        if moment_s + long_s > end_s:
            return found
        found.append(Outage(moment_s, moment_s + long_s))
        moment_s += long_s
