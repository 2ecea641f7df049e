"""Whether jobs called in time: results of a heartbeat monitor out of its calls. Pure.

A call holds until the next one is due and its grace has passed; then the monitor is late, from
that moment on, until a call comes. But only where somebody was there to take the call the whole
time in which it should have come. If not, it may have been made and lost: nothing is known from
then on until, had it come in the last moment of the absence, the one after it would be late too.
A job known to be late, or to have failed, stays so over an absence, in which nothing is said.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from cronsim import CronSim
from msgspec import Struct

from probes.heartbeat import Call, Ping
from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.result import CheckResult

TICK_S = 60
"""How often a state that lasts is written down again."""
EARLY_S_MAX = 30.0
"""A call so little before a time of its cron expression is the one of that time: clocks differ."""

Span = tuple[int, int]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND_US = 1_000_000


class Standing(Struct, frozen=True):
    """How it stood from a moment on, until another; `outcome` None: nothing is known."""

    from_us: int
    until_us: int
    outcome: Outcome | None
    detail: str = ""
    total_ms: float | None = None
    """How long the job ran, if it said when it began; of the call that this begins with."""


def due_after_us(monitor: Monitor, called_us: int) -> int:
    """When the call after one at `called_us` is due, without grace.

    Raises cronsim.CronSimError, or StopIteration where a cron expression has no more times.
    """
    if not monitor.cron:
        return called_us + round((monitor.period_s or TICK_S) * _SECOND_US)
    zone = ZoneInfo(monitor.cron_timezone)
    times = CronSim(monitor.cron, (_EPOCH + timedelta(microseconds=called_us)).astimezone(zone))
    first_us, second_us = _us(next(times)), _us(next(times))
    early_us = min(EARLY_S_MAX * _SECOND_US, (second_us - first_us) / 4)
    return second_us if first_us - called_us <= early_us else first_us


def standings(
    monitor: Monitor, pings: Sequence[Ping], present: Sequence[Span], until_us: int
) -> Iterator[Standing]:
    """How the monitor stood from the first of `pings` until `until_us`, in order.

    `pings` are in time order, those after `until_us` left aside; `present` are the times in which
    calls could be taken, in order and apart from each other.
    """
    away = _away(present)
    started_us: int | None = None
    told: list[tuple[Ping, int | None]] = []
    for ping in pings:
        if ping.received_us > until_us:
            break
        if ping.call is Call.STARTED:
            started_us = ping.received_us
        else:
            told.append((ping, started_us))
            started_us = None
    if not told:
        return
    ends = [*(ping.received_us for ping, _ in told[1:]), until_us]
    for (ping, begun_us), end_us in zip(told, ends, strict=True):
        ran_ms = None if begun_us is None else (ping.received_us - begun_us) / 1000
        if ping.call is Call.FAILED:
            said = "the job called to say that it failed"
            yield Standing(ping.received_us, end_us, Outcome.HEARTBEAT_FAILED, said, ran_ms)
        else:
            yield from _after_call(monitor, ping.received_us, end_us, ran_ms, away)


def results(
    monitor: Monitor,
    pings: Sequence[Ping],
    present: Sequence[Span],
    *,
    since_us: int,
    until_us: int,
    location: str,
) -> list[CheckResult]:
    """What is to be written of the monitor after `since_us`, up to `until_us`: each change, and
    the state that lasts every TICK_S. See `standings` for the rest."""
    away = _away(present)
    found: list[CheckResult] = []
    for each in standings(monitor, pings, present, until_us):
        if each.outcome is None:
            continue
        for at_us in _moments(each, since_us, until_us):
            absent = any(start < at_us < end for start, end in away)
            if absent and each.outcome is not Outcome.OK:
                continue
            found.append(
                CheckResult(
                    monitor=monitor.id,
                    location=location,
                    due_us=at_us,
                    started_us=at_us,
                    outcome=each.outcome,
                    interval_ms=TICK_S * 1000,
                    timeout_ms=TICK_S * 1000,
                    detail=each.detail,
                    total_ms=each.total_ms if at_us == each.from_us else None,
                )
            )
    return found


def _after_call(
    monitor: Monitor, called_us: int, end_us: int, ran_ms: float | None, away: Sequence[Span]
) -> Iterator[Standing]:
    grace_us = round(monitor.grace_s * _SECOND_US)
    due_us = due_after_us(monitor, called_us)
    late_us = due_us + grace_us
    yield Standing(called_us, min(late_us, end_us), Outcome.OK, total_ms=ran_ms)
    unknown_from_us = late_us
    while late_us < end_us:
        lost = [end for start, end in away if start < late_us and end > due_us]
        if not lost:
            if unknown_from_us < late_us:
                yield Standing(unknown_from_us, late_us, None)
            said = f"no call since {_text(called_us)}; it was due at {_text(due_us)}"
            yield Standing(late_us, end_us, Outcome.HEARTBEAT_LATE, said)
            return
        due_us = due_after_us(monitor, lost[-1])
        late_us = due_us + grace_us
    if unknown_from_us < end_us:
        yield Standing(unknown_from_us, end_us, None)


def _moments(standing: Standing, since_us: int, until_us: int) -> Iterator[int]:
    """Its beginning, and every TICK_S after it; those after `since_us` and by `until_us`."""
    tick_us = TICK_S * _SECOND_US
    at_us = standing.from_us
    if at_us <= since_us:
        at_us += ((since_us - at_us) // tick_us + 1) * tick_us
    while at_us < standing.until_us and at_us <= until_us:
        yield at_us
        at_us += tick_us


def _away(present: Sequence[Span]) -> list[Span]:
    """The times between, and before, those in which somebody was there."""
    if not present:
        return []
    before = (0, present[0][0])
    return [before, *((end, start) for (_, end), (start, _) in pairwise(present))]


def _us(time: datetime) -> int:
    return (time - _EPOCH) // timedelta(microseconds=1)


def _text(us: int) -> str:
    return f"{_EPOCH + timedelta(microseconds=us):%Y-%m-%d %H:%M:%S} UTC"
