"""A running prober against real targets: results, definitions, changes, stops and bad days."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from itertools import pairwise
from typing import Any

import pytest
from msgspec import structs

from probes.check import Checker, now_us
from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.prober import Prober
from probes.result import CheckResult, MonitorDefinition
from tests.support.ports import free_port

pytestmark = pytest.mark.anyio

Serve = Callable[..., AbstractAsyncContextManager[str]]
Answer = Callable[..., Any]
Running = Callable[..., AbstractAsyncContextManager[Prober]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Results:
    """A sink that remembers, and can be waited on."""

    def __init__(self) -> None:
        self.records: list[CheckResult | MonitorDefinition] = []
        self.failing = False
        self._news = asyncio.Condition()

    async def write(self, record: CheckResult | MonitorDefinition) -> None:
        if self.failing:
            raise OSError("no space left on device")
        async with self._news:
            self.records.append(record)
            self._news.notify_all()

    @property
    def checks(self) -> list[CheckResult]:
        return [record for record in self.records if isinstance(record, CheckResult)]

    @property
    def definitions(self) -> list[MonitorDefinition]:
        return [record for record in self.records if isinstance(record, MonitorDefinition)]

    async def until(self, seen: Callable[["Results"], bool]) -> None:
        async with asyncio.timeout(60), self._news:
            await self._news.wait_for(lambda: seen(self))


@pytest.fixture
def results() -> Results:
    return Results()


@pytest.fixture
def running(results: Results, context: ssl.SSLContext) -> Running:
    @contextlib.asynccontextmanager
    async def run(*monitors: Monitor, **options: Any) -> AsyncIterator[Prober]:
        checker = options.pop("checker", None) or Checker(context=context, stall_limit_s=3600)
        given = {"location": "here", "lag_limit_s": 3600.0, "checker": checker, **options}
        prober = Prober(monitors, results, **given)
        stop = asyncio.Event()
        task = asyncio.create_task(prober.run(stop))
        try:
            yield prober
        finally:
            stop.set()
            await task
            await checker.aclose()

    return run


async def eventually(seen: Callable[[], bool]) -> None:
    """For what nothing announces."""
    for _ in range(6_000):
        if seen():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("never happened")


def monitor(name: str, url: str, **fields: Any) -> Monitor:
    return Monitor(id=name, url=url, **{"interval_s": 0.2, "timeout_s": 0.19, **fields})


def silent() -> Any:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    return handler


async def test_every_monitor_is_defined_first_and_then_checked_on_its_beat(
    running: Running, results: Results, serve: Serve, answer: Answer
) -> None:
    began_us = now_us()
    async with serve(answer(OK)) as url:
        monitors = [monitor(f"m{number}", url) for number in range(5)]
        async with running(*monitors):
            await results.until(
                lambda r: all(
                    sum(check.monitor == each.id for check in r.checks) >= 3 for each in monitors
                )
            )
    assert [record.monitor for record in results.definitions] == monitors
    assert results.records[:5] == results.definitions
    assert all(record.location == "here" for record in results.definitions)
    for each in monitors:
        checks = [check for check in results.checks if check.monitor == each.id]
        assert all(check.interval_ms == 200 for check in checks)
        assert began_us <= checks[0].due_us
        for before, after in pairwise(checks):
            beats = (after.due_us - before.due_us) / 200_000
            assert beats == pytest.approx(round(beats), abs=0.05)
            assert round(beats) >= 1
            assert after.due_us <= after.started_us + 1_000


async def test_a_target_that_goes_away_and_comes_back(
    running: Running, results: Results, serve: Serve, answer: Answer
) -> None:
    async with serve(answer(OK)) as url:
        port = int(url.rsplit(":", 1)[1])
        prober = await contextlib.AsyncExitStack().__aenter__()
        await prober.enter_async_context(running(monitor("m", url, interval_s=0.3)))
        await results.until(lambda r: any(c.outcome is Outcome.OK for c in r.checks))
    await results.until(lambda r: any(c.outcome is Outcome.CONNECT_REFUSED for c in r.checks))
    gone = len(results.checks)
    async with serve(answer(OK), port=port):
        await results.until(lambda r: any(c.outcome is Outcome.OK for c in r.checks[gone:]))
        await prober.aclose()


async def test_a_failure_is_tried_again_soon_until_it_is_sure(
    running: Running, results: Results
) -> None:
    watched = monitor(
        "m",
        f"http://127.0.0.1:{free_port()}/",
        interval_s=6.0,
        retry_interval_s=0.5,
        confirm_after=3,
    )
    async with running(watched):
        await results.until(lambda r: len(r.checks) >= 3)
    checks = results.checks[:3]
    assert {check.outcome for check in checks} == {Outcome.CONNECT_REFUSED}
    apart_s = [(after.due_us - before.due_us) / 1e6 for before, after in pairwise(checks)]
    assert apart_s == pytest.approx([0.5, 0.5], abs=0.05)
    assert {check.interval_ms for check in checks} == {6_000}


async def test_a_slow_target_never_has_two_checks_in_flight(
    running: Running, results: Results, serve: Serve
) -> None:
    most = now = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        try:
            await reader.read()
        finally:
            now -= 1

    async with serve(count) as url:
        # Longer than its interval, which the settings would refuse: so every second turn is missed.
        slow = monitor("m", url, timeout_s=0.3)
        async with running(slow):
            await results.until(lambda r: sum(c.outcome is Outcome.MISSED for c in r.checks) >= 2)
    assert most == 1
    missed = next(check for check in results.checks if check.outcome is Outcome.MISSED)
    assert missed.detail == "the check before was still in flight"
    assert missed.total_ms is None


async def test_checks_in_flight_are_limited(
    running: Running, results: Results, serve: Serve
) -> None:
    most = 0
    async with serve(silent()) as url:
        monitors = [monitor(f"m{number}", url) for number in range(30)]
        async with running(*monitors, in_flight_max=3) as prober:
            for wanted in range(1, 20):
                await results.until(lambda r, wanted=wanted: len(r.checks) >= wanted)  # type: ignore[misc]
                most = max(most, prober.status().in_flight)
    assert 1 <= most <= 3


async def test_a_paused_monitor_is_defined_and_not_checked(
    running: Running, results: Results, serve: Serve, answer: Answer
) -> None:
    async with serve(answer(OK)) as url:
        paused = monitor("paused", url, paused=True)
        async with running(monitor("m", url), paused) as prober:
            await results.until(lambda r: len(r.checks) >= 3)
            prober.update([monitor("m", url), structs.replace(paused, paused=False)])
            await results.until(lambda r: any(c.monitor == "paused" for c in r.checks))
    of_it = [
        record
        for record in results.records
        if (record.monitor if isinstance(record, CheckResult) else record.monitor.id) == "paused"
    ]
    assert [type(record) for record in of_it[:3]] == [
        MonitorDefinition,
        MonitorDefinition,
        CheckResult,
    ]


async def test_changes_take_effect_while_it_runs(
    running: Running, results: Results, serve: Serve, answer: Answer
) -> None:
    async with serve(answer(OK)) as url:
        kept, changed, removed = (monitor(name, url) for name in ("kept", "changed", "removed"))
        async with running(kept, changed, removed) as prober:
            await results.until(lambda r: {c.monitor for c in r.checks} >= {"changed", "removed"})
            anew = structs.replace(changed, text="goodbye")
            prober.update([kept, anew, monitor("added", url)])
            await results.until(lambda r: any(c.monitor == "added" for c in r.checks))
            await results.until(lambda r: any(c.outcome is Outcome.WRONG_CONTENT for c in r.checks))
    after_start = results.definitions[3:]
    assert {(record.monitor.id, record.removed) for record in after_start} == {
        ("changed", False),
        ("added", False),
        ("removed", True),
    }
    ended_us = next(record.from_us for record in after_start if record.removed)
    assert all(c.due_us <= ended_us for c in results.checks if c.monitor == "removed")
    assert {c.monitor for c in results.checks if c.outcome is Outcome.WRONG_CONTENT} == {"changed"}


async def test_removing_a_monitor_ends_its_check(
    running: Running, results: Results, serve: Serve
) -> None:
    async with serve(silent()) as url, running(monitor("m", url, timeout_s=600.0)) as prober:
        await eventually(lambda: prober.status().in_flight == 1)
        prober.update([])
        await eventually(lambda: prober.status().in_flight == 0)
        await results.until(lambda r: r.definitions[-1].removed)
    assert [check for check in results.checks if check.outcome is not Outcome.MISSED] == []


async def test_two_monitors_of_one_name_are_refused(running: Running) -> None:
    twice = [monitor("m", "http://127.0.0.1:1/"), monitor("m", "http://127.0.0.1:2/")]
    async with running() as prober:
        with pytest.raises(ValueError, match="two monitors have the id 'm'"):
            prober.update(twice)
        assert prober.status().monitors == 0


async def test_stopping_writes_what_is_known_and_leaves_nothing_behind(
    results: Results, context: ssl.SSLContext, serve: Serve, answer: Answer
) -> None:
    checker = Checker(context=context)
    stop = asyncio.Event()
    async with serve(answer(OK)) as good, serve(silent()) as bad:
        prober = Prober(
            [monitor("good", good), monitor("bad", bad, timeout_s=600.0)],
            results,
            location="here",
            checker=checker,
            lag_limit_s=3600,
        )
        before = asyncio.all_tasks()
        task = asyncio.create_task(prober.run(stop))
        await results.until(lambda r: any(c.monitor == "good" for c in r.checks))
        await eventually(lambda: prober.status().in_flight == 1)
        stop.set()
        await task
        ours = {each for each in asyncio.all_tasks() - before if "guarded" not in repr(each)}
        assert ours == set()
    await checker.aclose()
    assert prober.status().in_flight == 0
    assert prober.status().unwritten == 0
    assert "bad" not in {c.monitor for c in results.checks if c.outcome is not Outcome.MISSED}


async def test_a_sink_that_fails_for_a_while_loses_nothing(
    running: Running, results: Results, serve: Serve, answer: Answer
) -> None:
    results.failing = True
    # Slowly: a check that a busy machine holds up beyond its deadline would be none that is OK.
    slow = {"interval_s": 1.0, "timeout_s": 0.95}
    async with serve(answer(OK)) as url, running(monitor("m", url, **slow)) as prober:
        await eventually(
            lambda: prober.status().write_failures >= 3 and prober.status().unwritten >= 3
        )
        results.failing = False
        await results.until(lambda r: len(r.checks) >= 3)
    assert len(results.definitions) == 1
    dues = [check.due_us for check in results.checks]
    assert len(dues) == len(set(dues))
    assert {check.outcome for check in results.checks} == {Outcome.OK}


async def test_a_check_that_breaks_is_our_own_fault_and_stops_nothing(
    running: Running,
    results: Results,
    serve: Serve,
    answer: Answer,
    context: ssl.SSLContext,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(host: str, port: int, **_: object) -> list[Any]:
        raise ZeroDivisionError("a mistake in the code")

    checker = Checker(context=context, getaddrinfo=broken)
    async with (
        serve(answer(OK)) as url,
        running(
            monitor("m", url), monitor("broken", "http://x.example/"), checker=checker
        ) as prober,
    ):
        await results.until(lambda r: {c.monitor for c in r.checks} == {"m", "broken"})
        counted = prober.status().internal_errors
    broke = next(check for check in results.checks if check.monitor == "broken")
    assert broke.outcome is Outcome.INTERNAL_ERROR
    assert broke.outcome.verdict == "unknown"
    assert "a mistake in the code" in broke.detail
    assert counted >= 1
    assert "the check of broken broke" in caplog.text


async def test_a_process_that_stood_still_says_nothing_of_its_targets(
    running: Running, results: Results, serve: Serve, answer: Answer
) -> None:
    stood_still_s = 0.0

    def monotonic_s() -> float:
        return time.monotonic() + stood_still_s

    def clock_us() -> int:
        return now_us() + round(stood_still_s * 1e6)

    async with (
        serve(answer(OK)) as url,
        running(
            monitor("m", url, interval_s=0.5, timeout_s=0.4),
            lag_limit_s=30.0,
            monotonic_s=monotonic_s,
            clock_us=clock_us,
        ),
    ):
        await results.until(lambda r: len(r.checks) >= 1)
        seen = len(results.checks)
        stood_still_s = 3_600.0
        await results.until(lambda r: len(r.checks) >= seen + 3)
    late = [check for check in results.checks if check.outcome is Outcome.LAGGED]
    assert len(late) == 1
    assert late[0].lag_ms >= 3_590_000
    assert late[0].detail.endswith("s after its due time, limit 30 s")
    assert late[0].total_ms is None


async def test_a_clock_that_moved_during_a_check_makes_it_unknown(
    running: Running, results: Results, serve: Serve, context: ssl.SSLContext
) -> None:
    """As after a suspended laptop wakes: its monotonic clock stood still meanwhile."""
    moved_us = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal moved_us
        await reader.readuntil(b"\r\n\r\n")
        moved_us += 7_200_000_000

    async with (
        serve(handler) as url,
        running(
            monitor("m", url, interval_s=1.0, timeout_s=0.95),
            lag_limit_s=3_600.0,
            clock_us=lambda: now_us() + moved_us,
        ),
    ):
        await results.until(lambda r: len(r.checks) >= 1)
    assert results.checks[0].outcome is Outcome.INTERNAL_ERROR
    assert "the clock moved by 7200" in results.checks[0].detail


async def test_a_deadline_that_fired_late_is_not_held_against_the_target(
    serve: Serve, context: ssl.SSLContext
) -> None:
    checker = Checker(context=context, stall_limit_s=0.2)

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        time.sleep(1.0)  # noqa: ASYNC251 (stalls the prober's own loop)

    async with serve(handler) as url:
        result = await checker.check(
            monitor("m", url, timeout_s=0.5), due_us=now_us(), location="here"
        )
    await checker.aclose()
    assert result.outcome is Outcome.INTERNAL_ERROR
    assert "the prober itself was held up for" in result.detail
