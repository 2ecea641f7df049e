"""Trying a monitor: one check now, by the same code as the prober's, and how a page shows it."""

import asyncio
from collections.abc import Callable
from typing import Final

from msgspec import Struct, structs

from analytics.reports.types import State
from probes.check import Checker, now_us
from probes.monitor import Monitor
from probes.outcome import Verdict
from probes.result import CheckResult
from vigie.own_monitors import guarded

AT_ONCE_MAX = 4
TRIAL_S_MAX = 30.0
"""The longest a page waits for a trial, whatever the monitor's own time-out."""
LOCATION = "console"

STATES: Final = {
    Verdict.GOOD: State.UP,
    Verdict.DEGRADED: State.DEGRADED,
    Verdict.BAD: State.DOWN,
    Verdict.UNKNOWN: State.UNKNOWN,
}
PHASES: Final = (
    ("dns", "Look-up"),
    ("connect", "Connect"),
    ("tls", "TLS"),
    ("wait", "Wait"),
    ("transfer", "Transfer"),
)


class PhaseBar(Struct, frozen=True, kw_only=True):
    """A phase and its place in the whole, both in per cent; `ms` is None when it did not happen."""

    name: str
    label: str
    ms: float | None
    begin: float
    share: float


class Trial(Struct, frozen=True, kw_only=True):
    result: CheckResult
    state: State
    phases: tuple[PhaseBar, ...]


class Trials:
    """Makes trials, few at once: the console is no load generator."""

    def __init__(self, make_checker: Callable[[], Checker]) -> None:
        self._make_checker = make_checker
        self._free = asyncio.Semaphore(AT_ONCE_MAX)

    async def run(self, monitor: Monitor) -> Trial:
        """Check once, under the console's target policy."""
        timeout_s = min(monitor.timeout_s, TRIAL_S_MAX)
        asked = guarded(structs.replace(monitor, timeout_s=timeout_s))
        async with self._free:
            checker = await asyncio.to_thread(self._make_checker)
            try:
                result = await checker.check(asked, due_us=now_us(), location=LOCATION)
            finally:
                await checker.aclose()
        return trial_of(result)


def trial_of(result: CheckResult) -> Trial:
    durations = [(name, label, getattr(result, f"{name}_ms")) for name, label in PHASES]
    whole = sum(ms for _, _, ms in durations if ms is not None) or 1.0
    phases: list[PhaseBar] = []
    begin = 0.0
    for name, label, ms in durations:
        share = 100 * (ms or 0.0) / whole
        phases.append(PhaseBar(name=name, label=label, ms=ms, begin=begin, share=share))
        begin += share
    return Trial(result=result, state=STATES[result.outcome.verdict], phases=tuple(phases))
