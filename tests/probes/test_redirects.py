"""Redirects are followed hop by hop, each on a connection of its own, up to a limit."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from probes.outcome import Outcome
from probes.result import CheckResult

pytestmark = pytest.mark.anyio

Check = Callable[..., Awaitable[CheckResult]]
Serve = Callable[..., AbstractAsyncContextManager[str]]


class Chain:
    """Redirects from /n to /n-1 until /0, which answers; notes what it was asked."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        step = int(head.split(b" ")[1].removeprefix(b"/"))
        await asyncio.sleep(0.1 if step else 0.0)
        writer.write(
            b"HTTP/1.1 302 Found\r\nLocation: /%d\r\nSet-Cookie: at=%d\r\n"
            b"Content-Length: 0\r\n\r\n" % (step - 1, step)
            if step
            else b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        )
        await writer.drain()


async def test_phases_are_the_last_hops_and_the_total_is_all_of_them(
    check: Check, serve: Serve
) -> None:
    chain = Chain()
    async with serve(chain) as url:
        result = await check(f"{url}/3", text="hello")
    assert result.outcome is Outcome.OK
    assert result.redirects == 3
    assert chain.connections == 4
    assert result.total_ms is not None
    assert result.total_ms >= 300
    assert result.wait_ms is not None
    assert result.wait_ms < result.total_ms - 290


async def test_cookies_live_as_long_as_the_check(check: Check, serve: Serve) -> None:
    chain = Chain()
    async with serve(chain) as url:
        await check(f"{url}/1")
        await check(f"{url}/0")
    assert [b"at=1" in head for head in chain.heads] == [False, True, False]


@pytest.mark.parametrize(("limit", "outcome"), [(3, Outcome.OK), (2, Outcome.REDIRECT_LIMIT)])
async def test_limit(limit: int, outcome: Outcome, check: Check, serve: Serve) -> None:
    async with serve(Chain()) as url:
        result = await check(f"{url}/3", redirects_max=limit)
    assert result.outcome is outcome
    assert (result.detail == "") == (outcome is Outcome.OK)
    if outcome is Outcome.REDIRECT_LIMIT:
        assert result.detail.endswith(f"more than 2 redirects, the last to {url}/0")


async def test_a_loop_ends_at_the_limit(check: Check, serve: Serve) -> None:
    async def loop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 301 Moved\r\nLocation: /?token=secret\r\n\r\n")
        await writer.drain()

    async with serve(loop) as url:
        result = await check(url)
    assert result.outcome is Outcome.REDIRECT_LIMIT
    assert result.redirects == 5
    assert "secret" not in result.detail


async def test_a_redirect_that_is_expected_is_not_followed(check: Check, serve: Serve) -> None:
    async with serve(Chain()) as url:
        expected = await check(f"{url}/3", expected_status=("302",))
        refused = await check(f"{url}/3", redirects_max=0)
    assert (expected.outcome, expected.redirects) == (Outcome.OK, 0)
    assert refused.outcome is Outcome.WRONG_STATUS
    assert refused.detail == "status 302, expected 200-299"


async def test_a_failure_after_a_redirect_says_where(check: Check, serve: Serve) -> None:
    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 301 Moved\r\nLocation: http://nowhere.invalid/\r\n\r\n")
        await writer.drain()

    async with serve(elsewhere) as url:
        result = await check(url)
    assert result.outcome is Outcome.DNS_FAILURE
    assert result.detail.startswith("after 1 redirect, at nowhere.invalid: name ")
    assert result.status is None
    assert result.connect_ms is None


@pytest.mark.parametrize(
    "location", [b"javascript:alert(1)", b"file:///etc/passwd", b"http://[::1", b"data:,x"]
)
async def test_a_redirect_to_what_is_no_web_address_is_the_targets_fault(
    location: bytes, check: Check, serve: Serve, answer: Callable[..., Any]
) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % location
    async with serve(answer(head)) as url:
        assert (await check(url)).outcome is Outcome.PROTOCOL_ERROR
