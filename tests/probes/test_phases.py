"""Each phase against a target whose delay in it is known; a delay never shows in another phase."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from probes.outcome import Outcome
from probes.result import CheckResult

pytestmark = pytest.mark.anyio

Check = Callable[..., Awaitable[CheckResult]]
Checking = Callable[..., AbstractAsyncContextManager[Check]]
Serve = Callable[..., AbstractAsyncContextManager[str]]
Answer = Callable[..., Any]

DELAY_S = 1.5
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
PHASES = ("dns_ms", "connect_ms", "tls_ms", "wait_ms", "transfer_ms")


def longest(result: CheckResult) -> str:
    assert result.outcome is Outcome.OK, result
    return max(PHASES, key=lambda phase: getattr(result, phase) or 0.0)


def assert_the_delay_is_in(phase: str, result: CheckResult) -> None:
    # A timer may fire a hair early; nothing is said of how late it may.
    assert longest(result) == phase
    assert getattr(result, phase) >= DELAY_S * 1000 - 5
    known = sum(getattr(result, name) or 0.0 for name in PHASES)
    assert result.total_ms is not None
    assert known <= result.total_ms


async def test_dns(checking: Checking, serve: Serve, answer: Answer) -> None:
    def slow(host: str, port: int, **_: object) -> list[Any]:
        time.sleep(DELAY_S)
        return [(0, 0, 0, "", ("127.0.0.1", port))]

    async with serve(answer(OK)) as url, checking(getaddrinfo=slow) as check:
        result = await check(url.replace("127.0.0.1", "slow.example"))
    assert_the_delay_is_in("dns_ms", result)


async def test_wait(check: Check, serve: Serve, answer: Answer) -> None:
    async with serve(answer(DELAY_S, OK)) as url:
        assert_the_delay_is_in("wait_ms", await check(url))


async def test_transfer(check: Check, serve: Serve, answer: Answer) -> None:
    async with serve(answer(OK[:-2], DELAY_S, OK[-2:])) as url:
        assert_the_delay_is_in("transfer_ms", await check(url))


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


async def test_tls(checking: Checking, serve: Serve, answer: Answer, authority: Any) -> None:
    """A relay in front of the server holds the handshake back."""
    async with serve(answer(OK), authority.server("IP:127.0.0.1")) as secured:
        port = int(secured.rsplit(":", 1)[1])

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(DELAY_S)
            from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
            try:
                await asyncio.gather(copy(reader, to_server), copy(from_server, writer))
            finally:
                to_server.transport.abort()

        async with serve(relay) as url, checking(context=authority.client()) as check:
            result = await check(url.replace("http:", "https:"))
    assert_the_delay_is_in("tls_ms", result)


async def test_what_did_not_happen_has_no_time(check: Check, serve: Serve, answer: Answer) -> None:
    async with serve(answer(OK)) as url:
        result = await check(url)
    assert result.dns_ms is None
    assert result.tls_ms is None
    assert result.connect_ms is not None
    assert result.wait_ms is not None
    assert result.transfer_ms is not None


async def test_one_deadline_holds_over_all_phases_together(
    check: Check, serve: Serve, answer: Answer
) -> None:
    """Each read gives something in time; all of them together do not."""
    drip: list[bytes | float] = [OK[:1]]
    for byte in OK[1:-1]:
        drip += [0.1, bytes([byte])]
    async with serve(answer(*drip, hang_up=False)) as url:
        result = await check(url, timeout_s=1.5)
    assert result.outcome is Outcome.TRANSFER_TIMEOUT
    assert result.total_ms is not None
    assert result.total_ms >= 1_490
