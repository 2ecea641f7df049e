"""uvicorn's HTTP protocol with the limits that it does not keep by itself.

It waits for ever for a request's headers, and takes any amount of them, of what stands around and
behind the pieces of a chunked body, and of requests sent before the last was answered.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_BYTES_MAX = 16_384
PIPELINED_MAX = 16
"""Requests of one connection that wait for the one before; browsers and proxies send none."""
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"connection: close\r\ncontent-length: 0\r\n\r\n"
)


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection whose headers take too long, whose body goes on and on, or that asks much
    more than it reads; answers 431 when there are too many headers."""

    headers_timeout_s: float
    message_bytes_max: int
    _in_headers = True
    _in_message = False
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
        self._in_message = True

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

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._headers_bytes = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._message_bytes = 0
        self._in_message = False
        super().on_message_complete()

    def _await_headers(self) -> None:
        self._headers_timer = self.loop.call_later(self.headers_timeout_s, self.transport.close)

    def _stop_waiting(self) -> None:
        self._in_headers = False
        if self._headers_timer is not None:
            self._headers_timer.cancel()
            self._headers_timer = None
