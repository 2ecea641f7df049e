"""One HTTP/1.1 exchange on one connection: the request out, the answer parsed as it comes in."""

import asyncio
from collections import deque
from typing import cast

import httptools

from probes.failure import CheckFailedError, connection_failure
from probes.outcome import Outcome
from probes.stopwatch import Phase, Stopwatch

HEADER_BYTES_MAX = 65_536
CHUNKS_HELD_MAX = 16
"""Chunks of body not yet taken before the connection is told to pause."""

_BODILESS = frozenset({204, 304})


class Exchange(asyncio.Protocol):
    """Waits for the answer to one request, and hands out its body chunk by chunk.

    The stopwatch given to `ask` is moved on as bytes arrive: to TRANSFER at the first byte of the
    answer, and ended when the message is complete.
    """

    def __init__(self) -> None:
        self._watch: Stopwatch | None = None
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        # What browsers take without a word is no outage.
        self._parser.set_dangerous_leniencies(
            lenient_data_after_close=True,
            lenient_optional_lf_after_cr=True,
            lenient_optional_cr_before_lf=True,
        )
        self._headers: list[tuple[bytes, bytes]] = []
        self._chunks: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._failure: CheckFailedError | None = None
        self._head_only = False
        self._answered = False
        self._status = 0
        self._complete = False
        self._received_bytes = 0
        self._body_bytes = 0
        self._length: int | None = None
        self._chunked = False

    async def ask(
        self, transport: asyncio.Transport, request: bytes, watch: Stopwatch, *, head_only: bool
    ) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Send the request and return the status and headers of the answer.

        Raises CheckFailedError.
        """
        self._transport = transport
        self._head_only = head_only
        self._watch = watch
        watch.begin(Phase.WAIT if self._received_bytes == 0 else Phase.TRANSFER)
        transport.write(request)
        while not self._answered:
            await self._wait()
        return self._status, self._headers

    async def chunk(self) -> bytes | None:
        """The next chunk of the body, or None after the last. Raises CheckFailedError."""
        while not self._chunks:
            if self._complete:
                return None
            await self._wait()
        if len(self._chunks) == CHUNKS_HELD_MAX and self._transport is not None:
            self._transport.resume_reading()
        return self._chunks.popleft()

    @property
    def http_version(self) -> str:
        """Of the answer, as "1.1"."""
        return str(self._parser.get_http_version())

    @property
    def progress(self) -> str:
        """How far the answer has come, in words."""
        if self._received_bytes == 0:
            return "no answer"
        if not self._answered:
            return f"{self._received_bytes:,} bytes of unfinished headers"
        of = f" of {self._length:,}" if self._length is not None else ""
        return f"{self._body_bytes:,}{of} bytes of the body"

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._complete or self._failure is not None:
            return
        if self._received_bytes == 0 and self._watch is not None:
            self._watch.begin(Phase.TRANSFER)
        self._received_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._finish()  # status 101: what follows is no longer HTTP
        except httptools.HttpParserError as error:
            if not self._complete:
                self._fail(self._not_http(error, data))
        if not self._answered and self._received_bytes > HEADER_BYTES_MAX:
            self._fail(
                CheckFailedError(
                    Outcome.PROTOCOL_ERROR, f"response headers over {HEADER_BYTES_MAX:,} bytes"
                )
            )

    def eof_received(self) -> bool:
        self._ended()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None:
            self._ended()
        elif not self._complete:
            self._fail(connection_failure(exc, f"after {self.progress}"))

    # httptools' side

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._answered:
            return  # a trailer
        self._headers.append((name, value))
        lowered = name.lower()
        if lowered == b"content-length":
            self._length = int(value)
        elif lowered == b"transfer-encoding":
            self._chunked = True

    def on_headers_complete(self) -> None:
        if self._answered:
            return  # a second answer nobody asked for
        status = self._status = self._parser.get_status_code()
        if status < 200 and status != 101:
            self._headers.clear()
            self._length = None
            return
        self._answered = True
        if self._chunked:
            self._length = None
        if self._head_only or status in _BODILESS:
            self._finish()
        self._news.set()

    def on_body(self, body: bytes) -> None:
        if self._complete:
            return
        self._body_bytes += len(body)
        self._chunks.append(body)
        if len(self._chunks) == CHUNKS_HELD_MAX and self._transport is not None:
            self._transport.pause_reading()
        self._news.set()

    def on_message_complete(self) -> None:
        if self._answered and not self._complete:
            self._finish()

    # between them

    async def _wait(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._news.clear()
        await self._news.wait()

    def _finish(self) -> None:
        self._complete = True
        self._over()

    def _fail(self, failure: CheckFailedError) -> None:
        if self._failure is None:
            self._failure = failure
            self._over()

    def _over(self) -> None:
        if self._watch is not None:
            self._watch.end()
        self._news.set()

    def _ended(self) -> None:
        """The peer has closed in good order: the end of the message, or too early."""
        if self._complete or self._failure is not None:
            return
        if self._received_bytes == 0:
            self._fail(
                CheckFailedError(
                    Outcome.CONNECTION_RESET, "the server closed the connection without an answer"
                )
            )
        elif self._answered and self._length is None and not self._chunked:
            self._finish()
        else:
            self._fail(
                CheckFailedError(
                    Outcome.PROTOCOL_ERROR, f"the connection was closed after {self.progress}"
                )
            )

    def _not_http(self, error: Exception, data: bytes) -> CheckFailedError:
        if self._answered:
            words = f"the body is malformed after {self.progress}: {error}"
        else:
            words = f"the answer is not HTTP: it begins with {data[:40]!r}"
        return CheckFailedError(Outcome.PROTOCOL_ERROR, words)
