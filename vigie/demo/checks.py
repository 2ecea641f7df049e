"""The demo's generated checks: what probes would have written in the days before `now`."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zlib import crc32

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from probes.outcome import Outcome
from probes.result import CheckResult, MonitorDefinition
from vigie.demo.network import LOCATION, WATCHED, Watched
from vigie.demo.stories import Stories

ADDRESS = "203.0.113.24"
TIMEOUT_MS = 10_000
SLOW_MS = 1500.0
"""`latency_max_ms` of the monitors of the past."""

_MINUTE_US = 60_000_000
_DAY_US = 86_400_000_000
_SLOW_SHARE = 0.0001
_BLIP_DAYS = 9
"""One unconfirmed failure in about so many days, on each monitor."""

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


class _Phases(Struct, frozen=True):
    """Milliseconds of each phase, one value a check."""

    dns: list[float]
    connect: list[float]
    tls: list[float]
    wait: list[float]
    transfer: list[float]
    total: list[float]


def check_records(
    stories: Stories, watched: Watched, *, days: int, seed: int
) -> Iterator[CheckResult | MonitorDefinition]:
    """One monitor's definitions and results over the `days` before `stories.now`, in order of time.

    None falls in story D; those in story A fail.
    """
    random = np.random.default_rng([seed, crc32(watched.id.encode())])
    due = due_times(stories, watched, days=days)
    back_us = to_us(stories.vigie_off.end)
    before = int(np.searchsorted(due, back_us))
    yield _definition(watched, to_us(stories.now - timedelta(days=days)))
    results = _results(stories, watched, due, random)
    for _ in range(before):
        yield next(results)
    if 0 < before < len(due):
        yield _definition(watched, back_us)
    yield from results


def due_times(stories: Stories, watched: Watched, *, days: int) -> Times:
    """When the monitor's checks fell due, in microseconds since the epoch: none in story D."""
    interval_us = watched.past_interval_s * 1_000_000
    phase_us = crc32(watched.id.encode()) % watched.past_interval_s * 1_000_000
    start_us = to_us(stories.now - timedelta(days=days)) // interval_us * interval_us + phase_us
    due = np.arange(start_us, to_us(stories.now) - 2_000_000, interval_us, dtype=np.int64)
    off = (due >= to_us(stories.vigie_off.start)) & (due < to_us(stories.vigie_off.end))
    return due[~off]


def to_us(time: datetime) -> int:
    """Microseconds since the epoch, exactly."""
    return round(time.timestamp()) * 1_000_000 + time.microsecond


def _definition(watched: Watched, from_us: int) -> MonitorDefinition:
    return MonitorDefinition(
        monitor=watched.past(), from_us=from_us, location=LOCATION, generated=True
    )


def _results(
    stories: Stories, watched: Watched, due: Times, random: np.random.Generator
) -> Iterator[CheckResult]:
    phases = _phases(watched, due, random)
    lag_us = (random.gamma(2.0, 900.0, len(due))).astype(np.int64)
    body = random.integers(9_000, 9_400, len(due)).tolist()
    failures = _failures(stories, due, random)
    rows = zip(
        due.tolist(),
        (due + lag_us).tolist(),
        phases.dns,
        phases.connect,
        phases.tls,
        phases.wait,
        phases.transfer,
        phases.total,
        body,
        strict=True,
    )
    interval_ms = watched.past_interval_s * 1000
    for index, row in enumerate(rows):
        due_us, started_us, dns, connect, tls, wait, transfer, total, body_bytes = row
        failure = failures.get(index)
        if failure is not None:
            yield _failed(watched, due_us, started_us, failure, dns, connect, tls, wait)
            continue
        slow = total > SLOW_MS
        yield CheckResult(
            monitor=watched.id,
            location=LOCATION,
            due_us=due_us,
            started_us=started_us,
            outcome=Outcome.SLOW if slow else Outcome.OK,
            interval_ms=interval_ms,
            timeout_ms=TIMEOUT_MS,
            detail=f"took {total:.0f} ms, over {SLOW_MS:.0f} ms" if slow else "",
            status=200,
            address=ADDRESS,
            dns_ms=dns,
            connect_ms=connect,
            tls_ms=tls,
            wait_ms=wait,
            transfer_ms=transfer,
            total_ms=total,
            body_bytes=body_bytes,
            generated=True,
        )


def _phases(watched: Watched, due: Times, random: np.random.Generator) -> _Phases:
    """Log-normal phases; the wait swells by a third in office hours and is now and then slow."""
    count = len(due)
    hour = (due % _DAY_US) / (60 * _MINUTE_US)
    load = 1 + 0.35 * np.exp(-(((hour - 10.5) / 3.2) ** 2))
    wait = watched.latency_usual_ms * load * random.lognormal(0, 0.22, count)
    wait[random.random(count) < _SLOW_SHARE] += 1600
    parts = [
        random.lognormal(np.log(1.4), 0.5, count),
        random.lognormal(np.log(6.5), 0.2, count),
        random.lognormal(np.log(14.0), 0.2, count),
        wait,
        random.lognormal(np.log(2.2), 0.3, count),
    ]
    rounded: list[Floats] = [np.round(part, 2) for part in parts]
    columns = [part.tolist() for part in (*rounded, np.round(np.sum(rounded, axis=0), 2))]
    return _Phases(*columns)


def _failures(
    stories: Stories, due: Times, random: np.random.Generator
) -> dict[int, tuple[Outcome, str, int | None]]:
    """The checks that fail, by index: all of story A's, and lone blips far from it."""
    start_us, end_us = to_us(stories.outage.start), to_us(stories.outage.end)
    failures: dict[int, tuple[Outcome, str, int | None]] = {}
    for index in np.flatnonzero((due >= start_us) & (due < end_us)).tolist():
        if due[index] < start_us + 5 * _MINUTE_US:
            failures[index] = (Outcome.CONNECT_TIMEOUT, "no connection within 10 s", None)
        else:
            failures[index] = (Outcome.WRONG_STATUS, "status 503, expected 200-299", 503)
    days = (due[-1] - due[0]) / _DAY_US if len(due) else 0
    for index in random.integers(2, max(3, len(due) - 2), int(days / _BLIP_DAYS)).tolist():
        near = any(other in failures for other in range(index - 2, index + 3))
        if index < len(due) and not near:
            failures[index] = (Outcome.CONNECTION_RESET, "the connection was reset", None)
    return failures


def _failed(
    watched: Watched,
    due_us: int,
    started_us: int,
    failure: tuple[Outcome, str, int | None],
    dns: float,
    connect: float,
    tls: float,
    wait: float,
) -> CheckResult:
    outcome, detail, status = failure
    connected = outcome is not Outcome.CONNECT_TIMEOUT
    answered = status is not None
    if not connected:
        total = float(TIMEOUT_MS)
    else:
        total = round(dns + connect + tls + (wait if answered else 0.0), 2)
    return CheckResult(
        monitor=watched.id,
        location=LOCATION,
        due_us=due_us,
        started_us=started_us,
        outcome=outcome,
        interval_ms=watched.past_interval_s * 1000,
        timeout_ms=TIMEOUT_MS,
        detail=detail,
        status=status,
        address=ADDRESS,
        dns_ms=dns,
        connect_ms=connect if connected else None,
        tls_ms=tls if connected else None,
        wait_ms=wait if answered else None,
        total_ms=total,
        generated=True,
    )


def all_check_counts(stories: Stories, *, days: int) -> int:
    """How many results all monitors have in the history."""
    return sum(len(due_times(stories, watched, days=days)) for watched in WATCHED)
