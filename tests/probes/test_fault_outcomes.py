"""Every way a target can fail, made for real: each gets its one name and says what was seen."""

import asyncio
import gzip
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import pytest

from probes.check import BODY_BYTES_MAX
from probes.outcome import Outcome
from probes.result import CheckResult

pytestmark = pytest.mark.anyio

Check = Callable[..., Awaitable[CheckResult]]
Serve = Callable[..., AbstractAsyncContextManager[str]]
Answer = Callable[..., Any]

MALFORMED = {
    "not http": (b"SSH-2.0-OpenSSH_9.2\r\n", Outcome.PROTOCOL_ERROR, "begins with b'SSH-2.0"),
    "bad status line": (b"HTTP/1.1 abc\r\n\r\n", Outcome.PROTOCOL_ERROR, "is not HTTP"),
    "closed in the headers": (
        b"HTTP/1.1 200 OK\r\nContent-",
        Outcome.PROTOCOL_ERROR,
        "closed after 25 bytes of unfinished headers",
    ),
    "shorter than its length": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello",
        Outcome.PROTOCOL_ERROR,
        "closed after 5 of 1,000 bytes of the body",
    ),
    "chunks cut short": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        Outcome.PROTOCOL_ERROR,
        "closed after 5 bytes of the body",
    ),
    "chunks malformed": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n",
        Outcome.PROTOCOL_ERROR,
        "the body is malformed",
    ),
    "two lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        Outcome.PROTOCOL_ERROR,
        "is not HTTP",
    ),
    "gzip that is none": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        Outcome.PROTOCOL_ERROR,
        "incorrect header check",
    ),
    "endless headers": (
        b"HTTP/1.1 200 OK\r\n" + b"X-Again: and again\r\n" * 5_000,
        Outcome.PROTOCOL_ERROR,
        "headers over 65,536 bytes",
    ),
    "closed without a word": (b"", Outcome.CONNECTION_RESET, "without an answer"),
    "endless body": (
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (BODY_BYTES_MAX + 1),
        Outcome.BODY_TOO_LARGE,
        "beyond 4,194,304 bytes",
    ),
    "redirected to nowhere": (
        b"HTTP/1.1 302 Found\r\nLocation: ftp://x/\r\nContent-Length: 0\r\n\r\n",
        Outcome.PROTOCOL_ERROR,
        "ftp://x",
    ),
    "redirected to nonsense": (
        b"HTTP/1.1 302 Found\r\nLocation: http://x:port/\r\nContent-Length: 0\r\n\r\n",
        Outcome.PROTOCOL_ERROR,
        "location header",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_an_answer_that_is_wrong_in_itself(
    name: str, check: Check, serve: Serve, answer: Answer
) -> None:
    sent, outcome, words = MALFORMED[name]
    async with serve(answer(sent)) as url:
        result = await check(url)
    assert result.outcome is outcome, result
    assert words in result.detail


async def test_a_body_that_unpacks_beyond_the_limit(
    check: Check, serve: Serve, answer: Answer
) -> None:
    bomb = gzip.compress(b"\0" * (BODY_BYTES_MAX + 1))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    async with serve(answer(head + bomb)) as url:
        result = await check(url)
    assert result.outcome is Outcome.BODY_TOO_LARGE


async def test_refused(check: Check) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take the port
        port = closed.getsockname()[1]
        result = await check(f"http://127.0.0.1:{port}/")
    assert result.outcome is Outcome.CONNECT_REFUSED
    assert result.detail == f"127.0.0.1:{port}: connection refused"
    assert result.connect_ms is not None
    assert result.dns_ms is result.tls_ms is result.wait_ms is result.transfer_ms is None
    assert result.status is None
    assert result.total_ms is not None


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell"])
async def test_reset(first: bytes, check: Check, serve: Serve) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(first)
        await writer.drain()
        linger_0 = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_0)
        writer.transport.abort()

    async with serve(handler) as url:
        result = await check(url)
    assert result.outcome is Outcome.CONNECTION_RESET
    assert "connection reset after" in result.detail


async def test_silence_is_named_after_the_phase_it_fell_in(
    check: Check, serve: Serve, answer: Answer
) -> None:
    """All in one go, because each takes its whole deadline."""

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not reader.at_eof():
            writer.write(b".")
            await asyncio.sleep(0.05)

    half_head = answer(b"HTTP/1.1 200 OK\r\nContent-", hang_up=False)
    head_only = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", hang_up=False)
    asked = answer(hang_up=False)
    async with AsyncExitStack() as stack:

        async def url_of(handler: Any) -> str:
            return await stack.enter_async_context(serve(handler))

        targets = {
            "accepted, then silent": await url_of(mute),
            "asked, then silent": await url_of(asked),
            "half the headers": await url_of(half_head),
            "headers, then silent": await url_of(head_only),
            "a byte at a time": await url_of(drip),
            "silent to TLS": (await url_of(mute)).replace("http:", "https:"),
        }
        results = await asyncio.gather(*(check(url, timeout_s=2.0) for url in targets.values()))
    # How far the slow ones came is a matter of luck: their counts are left out.
    assert {
        name: (result.outcome, re.sub(r"^only \d+", "only n", result.detail))
        for name, result in zip(targets, results, strict=True)
    } == {
        "accepted, then silent": (Outcome.WAIT_TIMEOUT, "no answer within 2 s"),
        "asked, then silent": (Outcome.WAIT_TIMEOUT, "no answer within 2 s"),
        "half the headers": (
            Outcome.TRANSFER_TIMEOUT,
            "only n bytes of unfinished headers within 2 s",
        ),
        "headers, then silent": (
            Outcome.TRANSFER_TIMEOUT,
            "only n of 9 bytes of the body within 2 s",
        ),
        "a byte at a time": (
            Outcome.TRANSFER_TIMEOUT,
            "only n of 1,000 bytes of the body within 2 s",
        ),
        "silent to TLS": (Outcome.TLS_TIMEOUT, "TLS handshake not finished within 2 s"),
    }
    for result in results:
        assert result.total_ms is not None
        assert result.total_ms >= 1_990  # a timer may fire a hair early


async def test_a_full_backlog_is_a_connect_timeout(check: Check) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        callers = []
        try:
            for _ in range(8):
                caller = socket.socket()
                callers.append(caller)
                caller.setblocking(False)
                caller.connect_ex(address)
            result = await check(f"http://127.0.0.1:{address[1]}/", timeout_s=1.0)
        finally:
            for caller in callers:
                caller.close()
    assert result.outcome is Outcome.CONNECT_TIMEOUT
    assert f"no connection to port {address[1]} of 127.0.0.1 within 1 s" in result.detail
    assert result.connect_ms is not None
    assert result.wait_ms is None


async def test_plain_http_where_tls_was_expected(
    check: Check, serve: Serve, answer: Answer
) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        await reader.read()

    async with serve(plain) as url:
        result = await check(url.replace("http:", "https:"))
    assert result.outcome is Outcome.TLS_FAILURE
    assert "wrong version number" in result.detail


async def test_tls_peer_that_hangs_up(check: Check, serve: Serve) -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with serve(leave) as url:
        result = await check(url.replace("http:", "https:"))
    assert result.outcome is Outcome.CONNECTION_RESET
    assert "during the TLS handshake" in result.detail
    assert result.tls_ms is not None
    assert result.wait_ms is None


async def test_what_is_not_the_targets_fault_is_not_held_against_it(check: Check) -> None:
    result = await check("http://127.0.0.1:1/", headers={"X-Broken": "a\r\nb"})
    assert result.outcome is Outcome.INTERNAL_ERROR
    assert result.outcome.verdict == "unknown"
