"""However checks end, and however many, no socket and no task stays behind."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

import pytest

from probes.outcome import Outcome
from probes.result import CheckResult
from tests.support.leaks import falls_to, open_sockets

pytestmark = pytest.mark.anyio

Check = Callable[..., Awaitable[CheckResult]]
Checking = Callable[..., AbstractAsyncContextManager[Check]]
Serve = Callable[..., AbstractAsyncContextManager[str]]
Answer = Callable[..., Any]

AT_ONCE = 40
ROUNDS = [1, pytest.param(30, marks=pytest.mark.long)]  # the long form makes 10,800 checks
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def tasks() -> int:
    return len(asyncio.all_tasks())


def no_such_name(host: str, port: int, **_: object) -> list[Any]:
    # A real lookup costs seconds here with many at once; test_addresses makes one.
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def mute() -> Any:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    return handler


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts sockets in /proc")
@pytest.mark.parametrize("rounds", ROUNDS)
async def test_after_every_kind_of_end(
    rounds: int, checking: Checking, serve: Serve, answer: Answer, authority: Any
) -> None:
    async with AsyncExitStack() as stack:
        check = await stack.enter_async_context(checking(getaddrinfo=no_such_name))

        async def url_of(handler: Any, tls: Any = None) -> str:
            return await stack.enter_async_context(serve(handler, tls))

        silent = await url_of(mute())
        untrusted = await url_of(answer(OK), authority.server("IP:127.0.0.1"))
        targets: dict[str, tuple[dict[str, Any], Outcome]] = {
            await url_of(answer(OK)): ({}, Outcome.OK),
            await url_of(answer(OK[:-1])): ({}, Outcome.PROTOCOL_ERROR),
            await url_of(answer(b"nonsense\r\n\r\n")): ({}, Outcome.PROTOCOL_ERROR),
            await url_of(answer(b"HTTP/1.1 302 F\r\nLocation: /\r\n\r\n")): (
                {},
                Outcome.REDIRECT_LIMIT,
            ),
            "http://127.0.0.1:1/": ({}, Outcome.CONNECT_REFUSED),
            "http://nowhere.invalid/": ({}, Outcome.DNS_FAILURE),
            silent: ({"timeout_s": 0.5}, Outcome.WAIT_TIMEOUT),
            silent.replace("http:", "https:"): ({"timeout_s": 0.5}, Outcome.TLS_TIMEOUT),
            untrusted: ({}, Outcome.TLS_CERTIFICATE),
            await url_of(answer(OK)): ({"http_version": "2"}, Outcome.OK),
            await url_of(answer(OK[:-1])): ({"http_version": "2"}, Outcome.PROTOCOL_ERROR),
            f"{untrusted}/2": ({"http_version": "2"}, Outcome.TLS_CERTIFICATE),
            f"{silent}/2": ({"http_version": "2", "timeout_s": 0.5}, Outcome.WAIT_TIMEOUT),
            f"{silent}/proxied": ({"proxy": silent, "timeout_s": 0.5}, Outcome.WAIT_TIMEOUT),
            "http://127.0.0.1:1/guarded": ({"guarded": True}, Outcome.ADDRESS_FORBIDDEN),
        }
        sockets_before, tasks_before = open_sockets(), tasks()
        for url, (fields, outcome) in list(targets.items()) * rounds:
            results = await asyncio.gather(*(check(url, **fields) for _ in range(AT_ONCE)))
            if "timeout_s" not in fields:  # a loaded machine may spend a deadline in other phases
                assert {result.outcome for result in results} == {outcome}, url
        assert await falls_to(sockets_before, open_sockets)
        assert await falls_to(tasks_before, tasks)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts sockets in /proc")
async def test_after_being_cancelled_at_any_moment(
    check: Check, serve: Serve, answer: Answer, authority: Any
) -> None:
    async with (
        serve(answer(0.01, OK)) as plain,
        serve(answer(0.01, OK), authority.server("IP:127.0.0.1")) as secured,
    ):
        sockets_before, tasks_before = open_sockets(), tasks()
        for url, version in ((plain, "1.1"), (secured, "1.1"), (plain, "2"), (secured, "2")):
            for turns in range(AT_ONCE):
                task = asyncio.ensure_future(check(url, http_version=version))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        assert await falls_to(sockets_before, open_sockets)
        assert await falls_to(tasks_before, tasks)
