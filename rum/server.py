"""How uvicorn is to run the collector: with the limits that it does not keep by itself.

It waits for ever for a request's headers, and takes any amount of them, of what stands around and
behind the pieces of a chunked body, and of requests sent before the last was answered.
"""

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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


def server_config(
    app: ASGIApp, limits: Limits, *, host: str, port: int, **more: Any
) -> uvicorn.Config:
    """The collector's uvicorn configuration; `more` goes to uvicorn.Config as it is."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=guarded_protocol(limits),
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # uvicorn would take the left-most address: the client's own word
        limit_concurrency=limits.connections_max,
        timeout_graceful_shutdown=15,
        **more,
    )


def guarded_protocol(limits: Limits) -> type[HttpToolsProtocol]:
    """uvicorn's HTTP protocol, which also gives up on slow and on endless headers."""

    class Guarded(GuardedProtocol):
        headers_timeout_s = limits.headers_timeout_s
        message_bytes_max = CHUNKED_OVERHEAD * limits.body_bytes_max + 2 * DRAIN_BYTES_MAX

    return Guarded


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection whose headers take too long, whose body goes on and on, or that asks much
    more than it reads; answers 431 when there are too many headers."""

    headers_timeout_s: float
    message_bytes_max: int
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
        self._await_headers()

    def data_received(self, data: bytes) -> None:
        if self._headers_timer is not None:
            self._headers_bytes += len(data)
        self._message_bytes += len(data)
        super().data_received(data)
        if self._headers_timer is not None and self._headers_bytes > HEADERS_BYTES_MAX:
            self._stop_waiting()
            self.transport.write(TOO_LARGE)
            self.transport.close()
        elif self._message_bytes > self.message_bytes_max:
            self.transport.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._headers_timer is not None:  # else a trailer, which nobody reads
            super().on_header(name, value)

    def on_message_complete(self) -> None:
        self._message_bytes = 0
        super().on_message_complete()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._headers_bytes = 0
        super().on_headers_complete()

    def _await_headers(self) -> None:
        self._stop_waiting()
        self._headers_timer = self.loop.call_later(self.headers_timeout_s, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._headers_timer is not None:
            self._headers_timer.cancel()
            self._headers_timer = None
