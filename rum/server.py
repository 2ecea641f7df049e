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
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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
        """Of the scope there are but the headers and the client.

        False for what it leaves to the application; else `respond` is called once."""


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
        quick_url = b"" if route is None else route.path.encode()

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
        self.end_message()
        super().on_message_complete()

    def on_headers_complete(self) -> None:
        self.end_headers()
        super().on_headers_complete()

    def end_message(self) -> None:
        self._message_bytes = 0

    def end_headers(self) -> None:
        self._stop_waiting()
        self._headers_bytes = 0

    def _await_headers(self) -> None:
        self._headers_timer = self.loop.call_later(self.headers_timeout_s, self.transport.close)

    def _stop_waiting(self) -> None:
        self._in_headers = False
        if self._headers_timer is not None:
            self._headers_timer.cancel()
            self._headers_timer = None


class _Nobody:
    """An event that nobody waits for."""

    def set(self) -> None:
        return None


class QuickCycle:
    """A request on its quick way: as much of uvicorn's cycle, which takes long to make, as its
    protocol looks at."""

    __slots__ = ("body", "disconnected", "keep_alive", "more_body", "response_complete")

    message_event = _Nobody()

    def __init__(self) -> None:
        self.body = b""
        self.disconnected = False
        self.keep_alive = True
        self.more_body = True
        self.response_complete = False


class QuickProtocol(GuardedProtocol):
    """Hands a request for `quick` to it once its body is whole: a task, and what ASGI needs, cost
    more than the rest of a beacon. What is not whole within a moment, and all else, goes uvicorn's
    way."""

    quick: QuickRoute | None = None
    quick_url = b""
    _parsing = False
    _held: QuickCycle | None = None
    """A request whose body is not whole yet."""
    _held_timer: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._let_go()  # to be counted as one that went away
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._parsing = True
        super().data_received(data)
        self._parsing = False
        if self._held is None:
            return
        if len(self._held.body) > HELD_BYTES_MAX or self.transport.is_closing():
            self._let_go()
        elif self._held_timer is None:
            self._held_timer = self.loop.call_later(HELD_S, self._let_go)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unset_keepalive_if_required()  # the request before may be answered already

    def on_headers_complete(self) -> None:
        if self._is_quick():
            self.end_headers()
            self._held = QuickCycle()
            self.cycle = self._held  # type: ignore[assignment]
        else:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        held = self._held
        if held is None:
            super().on_message_complete()
        elif self._begin(held):
            self.end_message()
            self._unhold()
        else:
            self._let_go()
            super().on_message_complete()

    def _is_quick(self) -> bool:
        parser, most = self.parser, self.limit_concurrency
        return (
            self._parsing
            and self.url == self.quick_url
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()  # its body is not read
            and not self.expect_100_continue
            and not self.flow.write_paused
            and (self.cycle is None or self.cycle.response_complete)
            # else it gets uvicorn's 503
            and (most is None or (len(self.connections) < most and len(self.tasks) < most))
        )

    def _unhold(self) -> None:
        self._held = None
        if self._held_timer is not None:
            self._held_timer.cancel()
            self._held_timer = None

    def _let_go(self) -> None:
        """Give what is held to uvicorn, with what came of its body."""
        held = self._held
        if held is None:
            return
        self._unhold()
        self.cycle = None  # type: ignore[assignment]  # what came before it is answered
        super().on_headers_complete()
        self.on_body(held.body)

    def _begin(self, cycle: QuickCycle) -> bool:
        assert self.quick is not None
        try:
            return self.quick.begin(self.scope, cycle.body, partial(self._respond, cycle))
        except Exception:  # as uvicorn does with an application's
            log.exception("a beacon could not be judged")
            cycle.keep_alive = False
            self._respond(cycle, FAULT)
            return True

    def _respond(self, cycle: QuickCycle, said: Answer) -> None:
        if cycle.disconnected or cycle.response_complete or self.transport.is_closing():
            return
        parts = [_head(said)]
        for name, value in self.server_state.default_headers:
            parts += (name, b": ", value, b"\r\n")
        if not cycle.keep_alive:  # the server is ending
            parts.append(b"connection: close\r\n")
        parts += (b"\r\n", said.body)
        self.transport.write(b"".join(parts))
        cycle.response_complete = True
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
