"""The table of faults, each made for real on loopback: every one gets its outcome within its
deadline, all at once and over and over, and leaves no socket and no task behind."""

import asyncio
import os
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from probes.assertions import Assertion
from probes.outcome import Outcome
from probes.result import CheckResult
from probes.targets import why_forbidden
from tests.support.leaks import falls_to, open_sockets

pytestmark = pytest.mark.anyio

Check = Callable[..., Awaitable[CheckResult]]
Checking = Callable[..., AbstractAsyncContextManager[Check]]
Serve = Callable[..., AbstractAsyncContextManager[str]]
Answer = Callable[..., Any]

DEADLINE_S = 1.0
SLACK_MS = 100
"""Beyond the deadline, and beyond what the event loop itself was held up by the machine."""
ROUNDS_AND_AT_ONCE = [
    (1, 3),
    pytest.param(20, 25, marks=[pytest.mark.long, pytest.mark.timeout(900)]),  # 10,025 checks
]
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
OK = LENGTH % 5 + b"hello"
AGAIN = b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"
TO_METADATA = (
    b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/\r\nContent-Length: 0\r\n\r\n"
)
LINGER_0 = struct.pack("ii", 1, 0)
NAMES = {
    "dual.example": ("::1", "127.0.0.1"),  # nothing listens on the first
    "wrong.example": ("127.0.0.1",),
    "public.example": ("127.0.0.2",),
}

TIMEOUTS = {outcome for outcome in Outcome if outcome.value.endswith("_timeout")}

Fault = tuple[str, dict[str, Any], Outcome]


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """Ends the look-ups that hang."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def resolver(released: threading.Event) -> Callable[..., list[Any]]:
    def getaddrinfo(host: str, port: int, **_: object) -> list[Any]:
        if host == "slow.example":
            released.wait(60)
        if host not in NAMES:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(0, 0, 0, "", (address, port)) for address in NAMES[host]]

    return getaddrinfo


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
    writer.transport.abort()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


async def a_byte_a_second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await send(writer, LENGTH % 1000)
    while await send(writer, b".", pause_s=1.0):
        pass


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await send(writer, b"HTTP/1.1 200 OK\r\n\r\n")
    while await send(writer, b"x" * 65_536):
        pass


async def send(writer: asyncio.StreamWriter, part: bytes, pause_s: float = 0.0) -> bool:
    """Whether the prober takes more, after a pause."""
    try:
        writer.write(part)
        await writer.drain()
    except (OSError, RuntimeError):  # uvloop says so of a transport that is closed
        return False
    await asyncio.sleep(pause_s)
    return not writer.is_closing()


async def made(
    stack: AsyncExitStack, serve: Serve, answer: Answer, authority: Any
) -> dict[str, Fault]:
    """Each fault of the table: where it is to be met, how it is asked, and what it is."""

    async def at(handler: Any, tls: Any = None, host: str = "127.0.0.1") -> str:
        return await stack.enter_async_context(serve(handler, tls, host))

    async def secured(**dates: str) -> str:
        return await at(answer(OK), authority.server("IP:127.0.0.1", **dates))

    soon = datetime.now(UTC) + timedelta(days=5)
    days_left = Assertion(kind="certificate", op="at_least", value="14")
    good, other = await at(answer(OK)), authority.server("DNS:other.example")
    refusing = stack.enter_context(socket.socket())
    refusing.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take the port
    public = await at(answer(TO_METADATA), host="127.0.0.2")
    return {
        "refused": (
            f"http://127.0.0.1:{refusing.getsockname()[1]}/",
            {},
            Outcome.CONNECT_REFUSED,
        ),
        "reset": (await at(reset), {}, Outcome.CONNECTION_RESET),
        "accepted, then silent": (await at(silent), {}, Outcome.WAIT_TIMEOUT),
        "headers, then silent": (
            await at(answer(LENGTH % 9, hang_up=False)),
            {},
            Outcome.TRANSFER_TIMEOUT,
        ),
        "one byte a second": (await at(a_byte_a_second), {}, Outcome.TRANSFER_TIMEOUT),
        "endless body": (await at(endless), {}, Outcome.BODY_TOO_LARGE),
        "bad status line": (
            await at(answer(b"HTTP/1.1 abc\r\n\r\n")),
            {},
            Outcome.PROTOCOL_ERROR,
        ),
        "wrong length": (await at(answer(LENGTH % 9 + b"short")), {}, Outcome.PROTOCOL_ERROR),
        "redirect loop": (await at(answer(AGAIN)), {}, Outcome.REDIRECT_LIMIT),
        "redirect to a forbidden address": (
            public.replace("127.0.0.2", "public.example"),
            {"guarded": True},
            Outcome.ADDRESS_FORBIDDEN,
        ),
        "expired certificate": (
            await secured(begin="20240101000000Z", end="20240331235900Z"),
            {},
            Outcome.TLS_CERTIFICATE,
        ),
        "self-signed certificate": (
            await at(answer(OK), authority.self_signed("IP:127.0.0.1")),
            {},
            Outcome.TLS_CERTIFICATE,
        ),
        "certificate for another name": (
            (await at(answer(OK), other)).replace("127.0.0.1", "wrong.example"),
            {},
            Outcome.TLS_CERTIFICATE,
        ),
        "certificate that ends soon": (
            await secured(end=f"{soon:%Y%m%d%H%M%SZ}"),
            {"assertions": (days_left,)},
            Outcome.CERTIFICATE_EXPIRING,
        ),
        "NXDOMAIN": ("http://nowhere.example/", {}, Outcome.DNS_FAILURE),
        "slow resolver": ("http://slow.example/", {}, Outcome.DNS_TIMEOUT),
        "IPv6 broken, IPv4 good": (
            good.replace("127.0.0.1", "dual.example"),
            {},
            Outcome.OK,
        ),
        "silent to TLS": (
            (await at(silent)).replace("http:", "https:"),
            {},
            Outcome.TLS_TIMEOUT,
        ),
        "hung up during TLS": (
            (await at(hang_up)).replace("http:", "https:"),
            {},
            Outcome.CONNECTION_RESET,
        ),
        "none": (good, {"text": "hello"}, Outcome.OK),
        "wrong text": (good, {"text": "bye"}, Outcome.WRONG_CONTENT),
    }


class HeldUp:
    """How long the event loop itself was held up at most: a loaded machine's doing."""

    def __init__(self) -> None:
        self.most_ms = 0.0

    async def watch(self) -> None:
        while True:
            began_s = time.perf_counter()
            await asyncio.sleep(0.005)
            self.most_ms = max(self.most_ms, (time.perf_counter() - began_s) * 1000 - 5)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts sockets in /proc")
@pytest.mark.parametrize(("rounds", "at_once"), ROUNDS_AND_AT_ONCE)
async def test_each_fault_has_its_outcome_in_time_and_leaves_nothing_behind(
    rounds: int,
    at_once: int,
    checking: Checking,
    serve: Serve,
    answer: Answer,
    authority: Any,
    resolver: Callable[..., list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def as_if_public(address: str) -> str:
        return "" if address == "127.0.0.2" else why_forbidden(address)

    monkeypatch.setattr("probes.targets.why_forbidden", as_if_public)
    async with AsyncExitStack() as stack:
        # Every hanging look-up holds a thread to the end: slow ones are asked in one round only.
        check = await stack.enter_async_context(
            checking(context=authority.client(), getaddrinfo=resolver, resolver_threads=8 + at_once)
        )
        table = await made(stack, serve, answer, authority)
        sockets_before = open_sockets()
        held_up = HeldUp()
        watching = asyncio.create_task(held_up.watch())
        tasks_before = len(asyncio.all_tasks())
        for lap in range(rounds):
            faults = {name: each for name, each in table.items() if not lap or "slow" not in name}
            for name, (results, deadline_ms) in (await met(check, faults, at_once)).items():
                outcomes = {result.outcome for result in results}
                wanted = table[name][2]
                # A loaded machine may spend a short deadline in another phase than the fault's.
                assert outcomes <= (TIMEOUTS if wanted in TIMEOUTS else {wanted}), results
                for result in results:
                    assert result.total_ms is not None
                    limit_ms = deadline_ms + SLACK_MS + 2 * held_up.most_ms
                    assert result.total_ms <= limit_ms, (name, result)
        assert await falls_to(tasks_before, lambda: len(asyncio.all_tasks()))
        watching.cancel()
        assert await falls_to(sockets_before, open_sockets)


async def met(
    check: Check, faults: dict[str, Fault], at_once: int
) -> dict[str, tuple[list[CheckResult], float]]:
    """The results of `at_once` checks of each fault, all at once, and the deadline of each."""

    async def some(
        url: str, fields: dict[str, Any], outcome: Outcome
    ) -> tuple[list[CheckResult], float]:
        # What ends by itself has a deadline that no loaded machine meets by accident.
        deadline_s = DEADLINE_S if outcome in TIMEOUTS else 30.0
        results = await asyncio.gather(
            *(check(url, timeout_s=deadline_s, **fields) for _ in range(at_once))
        )
        return results, deadline_s * 1000

    done = await asyncio.gather(*(some(*fault) for fault in faults.values()))
    return dict(zip(faults, done, strict=True))


async def test_a_slow_resolver_disturbs_no_other_monitor(
    checking: Checking, serve: Serve, answer: Answer, resolver: Callable[..., list[Any]]
) -> None:
    """Others are done while the slow names are still being looked up."""
    async with (
        serve(answer(OK)) as url,
        checking(getaddrinfo=resolver, resolver_threads=8) as check,
    ):
        slow = [asyncio.ensure_future(check("http://slow.example/")) for _ in range(4)]
        others = [url, url.replace("127.0.0.1", "dual.example"), "http://nowhere.example/"]
        results = await asyncio.gather(*(check(each) for each in others * 10))
        assert not any(each.done() for each in slow)
        assert [each.outcome for each in results[:3]] == [
            Outcome.OK,
            Outcome.OK,
            Outcome.DNS_FAILURE,
        ]
        for each in slow:
            each.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
