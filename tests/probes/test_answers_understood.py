"""Answers that are odd and good: what a browser takes without a word is no outage."""

import gzip
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from probes.outcome import Outcome
from probes.result import CheckResult

pytestmark = pytest.mark.anyio

Check = Callable[..., Awaitable[CheckResult]]
Serve = Callable[..., AbstractAsyncContextManager[str]]
Answer = Callable[..., Any]

BODY = b"<h1>Sign in</h1>" * 100

ANSWERS = {
    "with a length": b"HTTP/1.1 200 OK\r\nContent-Length: 1600\r\n\r\n" + BODY,
    "in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n640\r\n%b\r\n0\r\n\r\n"
    % BODY,
    "with a trailer": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"640\r\n%b\r\n0\r\nX-Sum: 7\r\n\r\n" % BODY
    ),
    "until it closes": b"HTTP/1.1 200 OK\r\n\r\n" + BODY,
    "of HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
    "without a reason": b"HTTP/1.1 200\r\nContent-Length: 1600\r\n\r\n" + BODY,
    "with bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 1600\n\n" + BODY,
    "longer than its length": b"HTTP/1.1 200 OK\r\nContent-Length: 1600\r\n\r\n" + BODY + b"more",
    "followed by another": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 1600\r\n\r\n" + BODY + b"HTTP/1.1 500 No\r\n\r\nno"
    ),
    "after early hints": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 1600\r\n\r\n" + BODY
    ),
    "offering an upgrade": (
        b"HTTP/1.1 200 OK\r\nUpgrade: h2,h2c\r\nConnection: Upgrade\r\n"
        b"Content-Length: 1600\r\n\r\n" + BODY
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("cut", ["whole", "in pieces"])
async def test_every_way_to_frame_a_body(
    name: str, cut: str, check: Check, serve: Serve, answer: Answer
) -> None:
    data = ANSWERS[name]
    step = len(data) if cut == "whole" else 37
    parts: list[bytes | float] = []
    for begin in range(0, len(data), step):
        parts += [data[begin : begin + step], 0.0]
    async with serve(answer(*parts)) as url:
        result = await check(url, text="</h1><h1>Sign in")
    assert (result.outcome, result.detail) == (Outcome.OK, "")
    assert result.status == 200
    assert result.body_bytes == len(BODY)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [(b"gzip", gzip.compress(BODY, mtime=0)), (b"deflate", zlib.compress(BODY))],
)
async def test_text_is_looked_for_in_the_unpacked_body(
    encoding: bytes, packed: bytes, check: Check, serve: Serve, answer: Answer
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n"
    async with serve(answer(head % (encoding, len(packed)) + packed)) as url:
        found = await check(url, text="Sign in")
        missing = await check(url, text="Sign out")
    assert found.outcome is Outcome.OK
    assert found.body_bytes == len(packed)
    assert missing.outcome is Outcome.WRONG_CONTENT
    assert missing.detail == "text 'Sign out' not in the body's 1,600 bytes"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_no_body_is_waited_for_where_none_comes(
    head: bytes, check: Check, serve: Serve, answer: Answer
) -> None:
    async with serve(answer(head, hang_up=False)) as url:
        result = await check(url)
    assert result.outcome is Outcome.OK
    assert result.body_bytes == 0


async def test_an_answer_to_head_has_a_length_and_no_body(
    check: Check, serve: Serve, answer: Answer
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1600\r\n\r\n"
    async with serve(answer(head, hang_up=False)) as url:
        result = await check(url, method="HEAD")
    assert result.outcome is Outcome.OK


async def test_switching_protocols_is_a_status_like_another(
    check: Check, serve: Serve, answer: Answer
) -> None:
    switch = b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05"
    async with serve(answer(switch, hang_up=False)) as url:
        assert (await check(url)).outcome is Outcome.WRONG_STATUS
        assert (await check(url, expected_status=("101",))).outcome is Outcome.OK


@pytest.mark.parametrize(
    "declared", [b"", b"; charset=iso-8859-1", b"; charset=nonsense", b"; charset=undefined"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
async def test_text_is_found_in_whatever_encoding_the_page_is_in(
    encoding: str, declared: bytes, check: Check, serve: Serve, answer: Answer
) -> None:
    body = "Connexion réussie".encode(encoding)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html%b\r\n\r\n" % declared
    async with serve(answer(head + body)) as url:
        assert (await check(url, text="réussie")).outcome is Outcome.OK


async def test_a_big_body_is_read_to_its_end(check: Check, serve: Serve, answer: Answer) -> None:
    body = b"x" * 3_000_000 + b"the end"
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with serve(answer(head + body)) as url:
        result = await check(url, text="the end")
    assert result.outcome is Outcome.OK
    assert result.body_bytes == len(body)


async def test_a_small_body_that_unpacks_to_a_huge_one_is_given_up(
    check: Check, serve: Serve, answer: Answer
) -> None:
    once = gzip.compress(b"\0" * 100_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n"
    async with serve(answer(head % (b"gzip", len(once)) + once)) as url:
        tracemalloc.start()
        try:
            result = await check(url)
            peak_bytes = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert result.outcome is Outcome.BODY_TOO_LARGE
    assert peak_bytes < 30_000_000
    twice = gzip.compress(once)
    async with serve(answer(head % (b"gzip, gzip", len(twice)) + twice)) as url:
        result = await check(url)
    assert result.outcome is Outcome.PROTOCOL_ERROR
    assert result.detail == "the body is encoded 2 times over"
