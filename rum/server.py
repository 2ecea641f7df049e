"""How uvicorn is to run the collector: with the limits that it does not keep by itself.

It waits for ever for a request's headers, and takes any amount of them, of what stands around and
behind the pieces of a chunked body, and of requests sent before the last was answered.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, Protocol

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from rum.answers import Answer, error, of_body
from rum.body import DRAIN_BYTES_MAX
from rum.limits import Limits

HEADERS_BYTES_MAX = 16_384
PIPELINED_MAX = 16
"""Requests of one connection that wait for the one before; browsers and proxies send none."""
CHUNKED_OVERHEAD = 8
"""A body sent a byte a chunk takes six times its size."""
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"connection: close\r\ncontent-length: 0\r\n\r\n"
)
HELD_S = 0.2
"""For a body that comes a little after its headers, as many clients send it."""
HELD_BYTES_MAX = 65_536
"""uvicorn reads no further until the application asks for more."""
FAULT = Answer(500, (), error("fault", "a fault of the collector's; its log says which"))

_CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

log = logging.getLogger("vigie.collector")


class QuickRoute(Protocol):
    """Answers POSTs to one path, when they came whole, without a task each: see BeaconRoute."""

    path: str

    def begin(self, scope: Any, body: bytes, respond: Callable[[Answer], None]) -> bool:
        """False for what it leaves to the application; else `respond` is called once."""


def server_config(
    app: ASGIApp,
    limits: Limits,
    *,
    host: str,
    port: int,
    quick: QuickRoute | None = None,
    **more: Any,
) -> uvicorn.Config:
    """The collector's uvicorn configuration; `more` goes to uvicorn.Config as it is."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=guarded_protocol(limits, quick),
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # uvicorn would take the left-most address: the client's own word
        limit_concurrency=limits.connections_max,
        timeout_graceful_shutdown=15,
        **more,
    )


def guarded_protocol(limits: Limits, quick: QuickRoute | None = None) -> type[HttpToolsProtocol]:
    """uvicorn's HTTP protocol, which also gives up on slow and on endless headers, and has a
    quicker way for one route."""
    route = quick

    class Guarded(QuickProtocol):
        headers_timeout_s = limits.headers_timeout_s
        message_bytes_max = CHUNKED_OVERHEAD * limits.body_bytes_max + 2 * DRAIN_BYTES_MAX
        quick = route

    return Guarded


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection whose headers take too long, whose body goes on and on, or that asks much
    more than it reads; answers 431 when there are too many headers."""

    headers_timeout_s: float
    message_bytes_max: int
    _in_headers = True
    _headers_timer: asyncio.TimerHandle | None = None
    _headers_bytes = 0
    _message_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= PIPELINED_MAX:
            raise ValueError("too many requests wait for their answer")  # ends parsing, by 400
        super().on_message_begin()
        self._in_headers = True

    def data_received(self, data: bytes) -> None:
        if self._in_headers:
            self._headers_bytes += len(data)
        self._message_bytes += len(data)
        super().data_received(data)
        if not self._in_headers:
            if self._message_bytes > self.message_bytes_max:
                self.transport.abort()
        elif self._headers_bytes > HEADERS_BYTES_MAX:
            self._stop_waiting()
            self.transport.write(TOO_LARGE)
            self.transport.close()
        elif self._headers_timer is None:  # most have all their headers at once
            self._await_headers()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_headers:  # else a trailer, which nobody reads
            super().on_header(name, value)

    def on_message_complete(self) -> None:
        self._message_bytes = 0
        super().on_message_complete()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._headers_bytes = 0
        super().on_headers_complete()

    def _await_headers(self) -> None:
        self._headers_timer = self.loop.call_later(self.headers_timeout_s, self.transport.close)

    def _stop_waiting(self) -> None:
        self._in_headers = False
        if self._headers_timer is not None:
            self._headers_timer.cancel()
            self._headers_timer = None


class QuickProtocol(GuardedProtocol):
    """Hands a request for `quick` to it once its body is whole: a task, and what ASGI needs, cost
    more than the rest of a beacon. What is not whole within a moment, and all else, goes uvicorn's
    way."""

    quick: QuickRoute | None = None
    _parsing = False
    _held: tuple[RequestResponseCycle, Any] | None = None
    """A request whose body is not whole yet."""
    _held_timer: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._let_go()  # to be counted as one that went away

    def data_received(self, data: bytes) -> None:
        self._parsing = True
        super().data_received(data)
        self._parsing = False
        if self._held is None:
            return
        if len(self._held[0].body) > HELD_BYTES_MAX or self.transport.is_closing():
            self._let_go()
        elif self._held_timer is None:
            self._held_timer = self.loop.call_later(HELD_S, self._let_go)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unset_keepalive_if_required()  # the request before may be answered already

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._held is not None and self._held[0] is self.cycle:
            cycle, app = self._unhold()
            if not self._begin(cycle):
                super()._start_asgi_task(cycle, app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        scope = cycle.scope
        if (
            self._parsing
            and cycle.more_body
            and self.quick is not None
            and app is self.app  # and not uvicorn's 503
            and scope["path"] == self.quick.path
            and scope["method"] == "POST"
            and cycle.keep_alive
            and not cycle.waiting_for_100_continue
            and not self.parser.should_upgrade()  # its body is not read
            and not self.flow.write_paused
        ):
            self._held = cycle, app
        else:
            super()._start_asgi_task(cycle, app)

    def _unhold(self) -> tuple[RequestResponseCycle, Any]:
        assert self._held is not None
        held, self._held = self._held, None
        if self._held_timer is not None:
            self._held_timer.cancel()
            self._held_timer = None
        return held

    def _let_go(self) -> None:
        if self._held is not None:
            super()._start_asgi_task(*self._unhold())

    def _begin(self, cycle: RequestResponseCycle) -> bool:
        assert self.quick is not None
        try:
            return self.quick.begin(cycle.scope, bytes(cycle.body), partial(self._respond, cycle))
        except Exception:  # as uvicorn does with an application's
            log.exception("a beacon could not be judged")
            cycle.keep_alive = False
            self._respond(cycle, FAULT)
            return True

    def _respond(self, cycle: RequestResponseCycle, said: Answer) -> None:
        if cycle.disconnected or cycle.response_complete or self.transport.is_closing():
            return
        parts = [_head(said)]
        for name, value in self.server_state.default_headers:
            parts += (name, b": ", value, b"\r\n")
        if not cycle.keep_alive:  # the server is ending
            parts.append(b"connection: close\r\n")
        parts += (b"\r\n", said.body)
        self.transport.write(b"".join(parts))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()


@lru_cache(maxsize=1_024)
def _head(said: Answer) -> bytes:
    """Status and headers, without the empty line. Raises ValueError for a header that is none."""
    lines = [b"HTTP/1.1 %d %b" % (said.status, HTTPStatus(said.status).phrase.encode())]
    for name, value in (*said.headers, *of_body(said.body)):
        if _CONTROLS.search(value) is not None:
            raise ValueError(f"a header with control characters: {value!r}")
        lines.append(b"%b: %b" % (name, value))
    return b"\r\n".join(lines) + b"\r\n"
