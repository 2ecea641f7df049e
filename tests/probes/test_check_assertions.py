"""What a monitor asks of an answer, and the actual value where it did not get it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from probes.outcome import Outcome, Verdict
from probes.result import CheckResult

pytestmark = pytest.mark.anyio

Check = Callable[..., Awaitable[CheckResult]]
Serve = Callable[..., AbstractAsyncContextManager[str]]
Answer = Callable[..., Any]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"


async def test_status(check: Check, serve: Serve, answer: Answer) -> None:
    async with serve(answer(BUSY)) as url:
        wrong = await check(url, expected_status=("200-299", "304"))
        right = await check(url, expected_status=("200", "500-599"))
    assert wrong.outcome is Outcome.WRONG_STATUS
    assert wrong.outcome.verdict is Verdict.BAD
    assert wrong.detail == "status 503, expected 200-299 or 304"
    assert wrong.status == 503
    assert right.outcome is Outcome.OK


async def test_a_wrong_status_outweighs_what_became_of_its_body(
    check: Check, serve: Serve, answer: Answer
) -> None:
    cut_short = b"HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\nbusy"
    async with serve(answer(cut_short)) as url:
        result = await check(url, text="hello")
    assert result.detail == "status 503, expected 200-299"


async def test_text(check: Check, serve: Serve, answer: Answer) -> None:
    async with serve(answer(OK)) as url:
        assert (await check(url, text="ello")).outcome is Outcome.OK
        wrong = await check(url, text="goodbye")
    assert wrong.outcome is Outcome.WRONG_CONTENT
    assert wrong.detail == "text 'goodbye' not in the body's 5 bytes"


async def test_latency_over_its_limit_is_slow_which_is_degraded(
    check: Check, serve: Serve, answer: Answer
) -> None:
    async with serve(answer(0.2, OK)) as url:
        slow = await check(url, latency_max_ms=150)
        good = await check(url, latency_max_ms=29_000)
    assert slow.outcome is Outcome.SLOW
    assert slow.outcome.verdict is Verdict.DEGRADED
    assert slow.detail.startswith("took ")
    assert slow.detail.endswith(" ms, limit 150 ms")
    assert good.outcome is Outcome.OK


async def test_the_request_is_the_monitors(check: Check, serve: Serve) -> None:
    seen: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head + await reader.readexactly(len("clé=1".encode())))
        writer.write(OK)
        await writer.drain()

    async with serve(handler) as url:
        result = await check(
            url.replace("//", "//ops:secret@") + "/a%20b?q=é",
            method="POST",
            headers={"X-Tenant": "north", "User-Agent": "ours"},
            body="clé=1",
        )
    assert result.outcome is Outcome.OK
    head, body = seen[0].split(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    assert first == b"POST /a%20b?q=%C3%A9 HTTP/1.1"
    assert body == "clé=1".encode()
    assert {b"X-Tenant: north", b"User-Agent: ours", b"Connection: close"} <= set(headers)
    assert b"Content-Length: 6" in headers
    assert b"Authorization: Basic b3BzOnNlY3JldA==" in headers
    assert [header for header in headers if header.lower().startswith(b"user-agent")] == [
        b"User-Agent: ours"
    ]
