"""How uvicorn is to run the collector: with the limits that it does not keep by itself.

It waits for ever for a request's headers and takes any amount of them; both end here.
"""

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from rum.limits import Limits

HEADERS_BYTES_MAX = 16_384
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
        limit_concurrency=limits.connections_max,
        timeout_graceful_shutdown=15,
        **more,
    )


def guarded_protocol(limits: Limits) -> type[HttpToolsProtocol]:
    """uvicorn's HTTP protocol, which also gives up on slow and on endless headers."""

    class Guarded(GuardedProtocol):
        headers_timeout_s = limits.headers_timeout_s

    return Guarded


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection whose headers take too long; answers 431 when there are too many."""

    headers_timeout_s: float
    _headers_timer: asyncio.TimerHandle | None = None
    _headers_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_headers()

    def data_received(self, data: bytes) -> None:
        if self._headers_timer is not None:
            self._headers_bytes += len(data)
        super().data_received(data)
        if self._headers_timer is not None and self._headers_bytes > HEADERS_BYTES_MAX:
            self._stop_waiting()
            self.transport.write(TOO_LARGE)
            self.transport.close()

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
