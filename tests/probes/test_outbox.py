"""Results survive a sink that fails for a while; a failing disk is never an outage."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from probes.outbox import Outbox, Record
from probes.outcome import Outcome
from probes.result import CheckResult

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Disk:
    """A sink with a disk that can be full."""

    def __init__(self) -> None:
        self.full = False
        self.written: list[Record] = []
        self.offered = asyncio.Event()
        self.error: Exception = OSError("no space left on device")

    async def write(self, record: Record) -> None:
        await asyncio.sleep(0)
        self.offered.set()
        if self.full:
            raise self.error
        self.written.append(record)


@contextmanager
def running(outbox: Outbox) -> Iterator[asyncio.Task[None]]:
    task = asyncio.create_task(outbox.run())
    try:
        yield task
    finally:
        task.cancel()


def results(count: int) -> list[CheckResult]:
    return [
        CheckResult(
            monitor="m",
            location="here",
            due_us=number,
            started_us=number,
            outcome=Outcome.OK,
            interval_ms=1_000,
            timeout_ms=500,
        )
        for number in range(count)
    ]


async def test_records_are_written_in_order_and_once() -> None:
    disk = Disk()
    outbox = Outbox(disk, records_max=10_000)
    expected = results(1_000)
    with running(outbox):
        for record in expected:
            outbox.put(record)
        await outbox.emptied()
    assert disk.written == expected
    assert (len(outbox), outbox.dropped, outbox.failures) == (0, 0, 0)


async def test_what_fails_is_kept_and_written_later(caplog: pytest.LogCaptureFixture) -> None:
    disk = Disk()
    disk.full = True
    outbox = Outbox(disk, records_max=10_000)
    expected = results(10)
    with caplog.at_level(logging.WARNING, "probes.outbox"), running(outbox):
        for record in expected[:5]:
            outbox.put(record)
        await disk.offered.wait()
        for record in expected[5:]:
            outbox.put(record)
        disk.full = False
        await outbox.emptied()
    assert disk.written == expected
    assert outbox.failures > 0
    assert outbox.dropped == 0
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "no space left on device" in caplog.records[0].message


async def test_what_waits_is_bounded_and_the_oldest_goes_first() -> None:
    disk = Disk()
    outbox = Outbox(disk, records_max=100)
    expected = results(250)
    for record in expected:
        outbox.put(record)
    assert len(outbox) == 100
    assert outbox.dropped == 150
    with running(outbox):
        await outbox.emptied()
    assert disk.written == expected[150:]


async def test_a_sink_that_is_broken_and_not_just_full_is_not_tried_for_ever() -> None:
    disk = Disk()
    disk.full = True
    disk.error = TypeError("a mistake in the code")
    outbox = Outbox(disk, records_max=100)
    outbox.put(results(1)[0])
    with running(outbox) as task, pytest.raises(TypeError, match="a mistake"):
        await task
    assert len(outbox) == 1
