"""Names and addresses: slow resolvers, names that are none, and addresses that do not answer."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from probes.outcome import Outcome, Verdict
from probes.result import CheckResult

pytestmark = pytest.mark.anyio

Check = Callable[..., Awaitable[CheckResult]]
Checking = Callable[..., AbstractAsyncContextManager[Check]]
Serve = Callable[..., AbstractAsyncContextManager[str]]
Answer = Callable[..., Any]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def resolving_to(*addresses: str) -> Callable[..., list[Any]]:
    def getaddrinfo(host: str, port: int, **_: object) -> list[Any]:
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    return getaddrinfo


@contextlib.contextmanager
def silent_listener(host: str, port: int) -> Iterator[None]:
    """Listens with its backlog full: a connection to it neither succeeds nor fails."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(8):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex((host, port))
        yield


async def test_a_name_that_does_not_exist(check: Check) -> None:
    result = await check("http://no-such-host.invalid/")
    assert result.outcome is Outcome.DNS_FAILURE
    assert "'no-such-host.invalid' did not resolve" in result.detail
    assert result.dns_ms is not None
    assert result.connect_ms is None
    assert result.address == ""


async def test_a_name_that_cannot_exist(check: Check) -> None:
    result = await check(f"http://{'a' * 70}.invalid/")
    assert result.outcome is Outcome.DNS_FAILURE


async def test_localhost_really_resolves(check: Check, serve: Serve, answer: Answer) -> None:
    async with serve(answer(OK)) as url:
        result = await check(url.replace("127.0.0.1", "localhost"))
    assert result.outcome is Outcome.OK
    assert result.dns_ms is not None
    assert result.address == "127.0.0.1"


async def test_ipv6_broken_with_ipv4_good(checking: Checking, serve: Serve, answer: Answer) -> None:
    async with (
        serve(answer(OK)) as url,
        checking(getaddrinfo=resolving_to("::1", "127.0.0.1")) as check,
    ):
        result = await check(url.replace("127.0.0.1", "both.example"))
    assert (result.outcome, result.detail) == (Outcome.OK, "")
    assert result.address == "127.0.0.1"


async def test_a_silent_address_does_not_hide_a_good_one(
    checking: Checking, serve: Serve, answer: Answer
) -> None:
    async with (
        serve(answer(OK)) as url,
        checking(getaddrinfo=resolving_to("127.0.0.2", "127.0.0.1")) as check,
    ):
        with silent_listener("127.0.0.2", int(url.rsplit(":", 1)[1])):
            result = await check(url.replace("127.0.0.1", "both.example"))
    assert result.outcome is Outcome.OK
    assert result.address == "127.0.0.1"


async def test_the_first_address_is_used_when_it_answers(
    checking: Checking, serve: Serve, answer: Answer
) -> None:
    async with serve(answer(OK)) as url:
        port = int(url.rsplit(":", 1)[1])
        async with (
            serve(answer(OK), host="127.0.0.2", port=port),
            checking(getaddrinfo=resolving_to("127.0.0.2", "127.0.0.1")) as check,
        ):
            result = await check(url.replace("127.0.0.1", "both.example"))
    assert result.address == "127.0.0.2"


async def test_all_addresses_broken_names_each(checking: Checking) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        async with checking(getaddrinfo=resolving_to("127.0.0.1", "127.0.0.2")) as check:
            result = await check(f"http://both.example:{port}/")
    assert result.outcome is Outcome.CONNECT_REFUSED
    assert f"127.0.0.1:{port}: " in result.detail
    assert f"127.0.0.2:{port}: " in result.detail


async def test_a_name_without_addresses(checking: Checking) -> None:
    async with checking(getaddrinfo=resolving_to()) as check:
        assert (await check("http://empty.example/")).outcome is Outcome.DNS_FAILURE


async def test_slow_names_do_not_delay_one_another(
    checking: Checking, serve: Serve, answer: Answer
) -> None:
    """Sixteen lookups wait for each other: with fewer threads than that none would ever end."""
    together = threading.Barrier(16)

    def getaddrinfo(host: str, port: int, **_: object) -> list[Any]:
        together.wait(timeout=60)
        return [(0, 0, 0, "", ("127.0.0.1", port))]

    async with (
        serve(answer(OK)) as url,
        checking(resolver_threads=16, getaddrinfo=getaddrinfo) as check,
    ):
        named = url.replace("127.0.0.1", "slow.example")
        results = await asyncio.gather(*(check(named, timeout_s=90) for _ in range(16)))
    assert {result.outcome for result in results} == {Outcome.OK}


async def test_a_resolver_that_does_not_answer(checking: Checking) -> None:
    release = threading.Event()

    def getaddrinfo(host: str, port: int, **_: object) -> list[Any]:
        release.wait(timeout=60)
        return []

    async with checking(resolver_threads=1, getaddrinfo=getaddrinfo) as check:
        try:
            waiting, queued = await asyncio.gather(
                check("http://a.example/", timeout_s=0.5),
                check("http://b.example/", timeout_s=0.5),
            )
        finally:
            release.set()
    assert waiting.outcome is Outcome.DNS_TIMEOUT
    assert waiting.detail == "name 'a.example' did not resolve within 0.5 s"
    assert waiting.dns_ms is not None
    # The second never got a thread: that is our shortage, not an outage of b.example.
    assert queued.outcome is Outcome.INTERNAL_ERROR
    assert queued.outcome.verdict is Verdict.UNKNOWN
    assert queued.dns_ms is None
