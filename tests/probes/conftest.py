"""Targets made for real on loopback, a checker to aim at them, and an authority for TLS."""

import asyncio
import contextlib
import shutil
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from probes.check import Checker, now_us
from probes.dial import client_context
from probes.monitor import Monitor
from probes.result import CheckResult
from tests.support.authority import Authority

Check = Callable[..., Awaitable[CheckResult]]
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """The prober runs on uvloop; both loops must agree on every outcome."""
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


@contextlib.asynccontextmanager
async def _serve(
    handler: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[str]:
    running: set[asyncio.Task[None]] = set()

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            return  # the prober hung up, as it may
        finally:
            writer.transport.abort()

    def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(guarded(reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)

    server = await asyncio.start_server(accepted, host, port, ssl=tls)
    scheme = "https" if tls else "http"
    try:
        yield f"{scheme}://{host}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        handlers = list(running)
        for task in handlers:
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        await server.wait_closed()


@pytest.fixture
def serve() -> Callable[..., contextlib.AbstractAsyncContextManager[str]]:
    """`async with serve(handler, tls, host, port) as url`: a server for raw connections."""
    return _serve


@pytest.fixture
def answer() -> Callable[..., Handler]:
    """A handler that reads a request and sends these bytes as they are, then hangs up."""

    def make(*parts: bytes | float, hang_up: bool = True) -> Handler:
        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            for part in parts:
                if isinstance(part, float):
                    await asyncio.sleep(part)
                else:
                    writer.write(part)
                    await writer.drain()
            if hang_up:
                writer.write_eof() if writer.can_write_eof() else writer.close()
            await reader.read()

        return handler

    return make


@pytest.fixture(scope="session")
def context() -> ssl.SSLContext:
    """One for all tests, as there is one for all checks."""
    return client_context()


@pytest.fixture
def checking(
    context: ssl.SSLContext,
) -> Callable[..., contextlib.AbstractAsyncContextManager[Check]]:
    """`async with checking(**options of Checker) as check`, and then
    `await check(url, **fields of Monitor)`, with a deadline nobody meets by accident."""

    @contextlib.asynccontextmanager
    async def make(**options: Any) -> AsyncIterator[Check]:
        # A loaded test machine must not turn the time-outs under test into "our own fault".
        given = {"resolver_threads": 4, "stall_limit_s": 3600.0, "context": context, **options}
        checker = Checker(**given)

        async def check(url: str, **fields: Any) -> CheckResult:
            monitor = Monitor(id="m", url=url, **{"timeout_s": 30.0, **fields})
            return await checker.check(monitor, due_us=now_us(), location="here")

        try:
            yield check
        finally:
            await checker.aclose()

    return make


@pytest.fixture
async def check(
    checking: Callable[..., contextlib.AbstractAsyncContextManager[Check]],
) -> AsyncIterator[Check]:
    async with checking() as run:
        yield run


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if (openssl := shutil.which("openssl")) is None:
        pytest.fail("the TLS tests make their certificates with the openssl command: install it")
    return Authority(tmp_path_factory.mktemp("authority"), openssl)
