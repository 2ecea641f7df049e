"""A quicker way for requests to one route that come whole: past uvicorn's parser, cycle and task.

All but the length of a browser's requests is the same from one to the next, and so is what a route
makes of it. So a head is read once, by the same parser, and then known by its bytes; of one that is
known there is but the body to take. What is not whole within a moment, and all else, goes uvicorn's
way, byte for byte.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, Protocol

import httptools
from msgspec import Struct

from rum.answers import Answer, Header, Headers, error, of_body
from rum.guarded_protocol import GuardedProtocol

HEAD_BYTES_MAX = 4_096
"""Of a head that is remembered; one of more bytes goes uvicorn's way."""
HEADS_KNOWN_MAX = 2_048
HELD_S = 0.2
"""For a body that comes a little after its headers, as many clients send it."""
HELD_BYTES_MAX = 65_536
FAULT = Answer(500, (), error("fault", "a fault of the collector's; its log says which"))

_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\n[Cc]ontent-[Ll]ength: ([0-9]{1,7})\r\n")
_CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")

log = logging.getLogger("vigie.collector")


class QuickRoute(Protocol):
    """Answers POSTs to one path, when they came whole, without a task each: see BeaconRoute."""

    path: str

    def sender(self, headers: Headers, peer: str) -> Any:
        """What it makes of a request's headers, their names in lower case, and of the address of
        the connection's other end; asked once for many requests. None for what it leaves to the
        application."""

    def begin(self, sender: Any, body: bytes, respond: Callable[[Answer], None]) -> bool:
        """False, and nothing else, for what it leaves to the application; else `respond` is called
        once."""


class Senders:
    """What a route makes of heads; those that came lately are remembered."""

    def __init__(self, route: QuickRoute) -> None:
        self.route = route
        self.starts_with = b"POST %b HTTP/1.1\r\n" % route.path.encode()
        self.of = lru_cache(maxsize=HEADS_KNOWN_MAX)(self._find)

    def _find(self, head: bytes, peer: str) -> Any:
        headers = read_head(head)
        return None if headers is None else self.route.sender(headers, peer)


class QuickCycle:
    """A request on its quick way: as much of uvicorn's cycle, which takes long to make, as its
    protocol looks at."""

    __slots__ = ("disconnected", "keep_alive", "response_complete")

    message_event = asyncio.Event()
    """Nobody waits for it."""

    def __init__(self) -> None:
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False


class _Held(Struct):
    """A request whose body is not whole yet: what came of it."""

    sender: Any
    data: bytearray
    head_bytes: int
    bytes: int
    """Once it is whole."""
    timer: asyncio.TimerHandle


class QuickProtocol(GuardedProtocol):
    """Hands a request for the route of `senders` to it once it is whole."""

    senders: Senders | None = None
    cycle: Any
    """uvicorn's own, or a QuickCycle."""
    _peer = ""
    _held: _Held | None = None
    _idle_since_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""

    def connection_lost(self, exc: Exception | None) -> None:
        self._let_go()  # to be counted as one that went away
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._held is not None:
            self._held.data += data
            self._go_on(self._held)
        elif not self._take(data):
            super().data_received(data)

    def on_response_complete(self) -> None:
        self._idle_since_s = self.loop.time()
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        """One timer serves many requests: it is not set anew for each."""
        self.timeout_keep_alive_task = None
        if self._held is not None or (self.cycle and not self.cycle.response_complete):
            return  # it is set again when that is answered
        left_s = self._idle_since_s + self.timeout_keep_alive - self.loop.time()
        if left_s > 0:
            self._keep_alive_for(left_s)
        else:
            super().timeout_keep_alive_handler()

    def _keep_alive_for(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )

    def _take(self, data: bytes) -> bool:
        """Begin, or hold, the request that `data` is the whole or the beginning of."""
        senders = self.senders
        if senders is None or not data.startswith(senders.starts_with) or not self._may_be_quick():
            return False
        head_end = data.find(_HEAD_END, 0, HEAD_BYTES_MAX)
        length = _LENGTH.search(data, 0, head_end + 2) if head_end > 0 else None
        if length is None:
            return False
        head = b"%b0%b" % (data[: length.start(1)], data[length.end(1) : head_end])
        sender = senders.of(head, self._peer)
        if sender is None:
            return False
        head_bytes = head_end + len(_HEAD_END)
        whole_bytes = head_bytes + int(length[1])
        if whole_bytes == len(data):
            return self._begin(sender, data[head_bytes:])
        if not len(data) < whole_bytes <= HELD_BYTES_MAX:
            return False
        timer = self.loop.call_later(HELD_S, self._let_go)
        self._held = _Held(sender, bytearray(data), head_bytes, whole_bytes, timer)
        return True

    def _may_be_quick(self) -> bool:
        """Whether a request begins here, none is before it, and it is not one too many."""
        most = self.limit_concurrency
        return (
            not self._in_message
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            # else it gets uvicorn's 503
            and (most is None or (len(self.connections) < most and len(self.tasks) < most))
        )

    def _go_on(self, held: _Held) -> None:
        """See whether what is held is whole by now."""
        if len(held.data) < held.bytes:
            return
        body = bytes(held.data[held.head_bytes :])
        if len(held.data) == held.bytes and self._begin(held.sender, body):
            held.timer.cancel()
            self._held = None
        else:
            self._let_go()

    def _let_go(self) -> None:
        """Give what is held to uvicorn."""
        held, self._held = self._held, None
        if held is not None:
            held.timer.cancel()
            super().data_received(bytes(held.data))

    def _begin(self, sender: Any, body: bytes) -> bool:
        assert self.senders is not None
        cycle = QuickCycle()
        try:
            begun = self.senders.route.begin(sender, body, partial(self._respond, cycle))
        except Exception:  # as uvicorn does with an application's
            log.exception("a beacon could not be judged")
            begun = True
            cycle.keep_alive = False
            self._respond(cycle, FAULT)
        if begun and self._headers_timer is not None:  # it is the connection's first
            self._stop_waiting()
        if begun and not cycle.response_complete:
            self.cycle = cycle
        return begun

    def _respond(self, cycle: QuickCycle, said: Answer) -> None:
        if cycle.disconnected or cycle.response_complete or self.transport.is_closing():
            return
        cycle.response_complete = True
        close = not cycle.keep_alive  # the server is ending
        self.transport.write(_text(said, tuple(self.server_state.default_headers), close))
        if close:
            self.transport.close()
        if self.cycle is cycle:
            self.cycle = None
        if self.timeout_keep_alive_task is None or self.pipeline:
            self.on_response_complete()
        else:
            self._idle_since_s = self.loop.time()
            self.server_state.total_requests += 1


class _HeadReader:
    """Told by httptools what a head holds."""

    def __init__(self) -> None:
        self.headers: list[Header] = []
        self.whole = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_message_complete(self) -> None:
        self.whole = True


def read_head(head: bytes) -> list[Header] | None:
    """The headers, their names in lower case, of a request without a body; `head` ends before the
    empty line. None for what is no such request, and for one after which there is more to do than
    to answer it and to await the next."""
    reader = _HeadReader()
    parser = httptools.HttpRequestParser(reader)
    try:
        parser.feed_data(head + _HEAD_END)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return None
    asks_more = any(name == b"expect" for name, _ in reader.headers)
    if not reader.whole or asks_more or not parser.should_keep_alive():
        return None
    return reader.headers


@lru_cache(maxsize=256)
def _text(said: Answer, more: tuple[Header, ...], close: bool) -> bytes:
    """The answer as it is sent, `more` headers with it: the date, to the second. Raises ValueError
    for a header that is none."""
    lines = [b"HTTP/1.1 %d %b" % (said.status, HTTPStatus(said.status).phrase.encode())]
    for name, value in (*said.headers, *of_body(said.body), *more):
        if _CONTROLS.search(value) is not None:
            raise ValueError(f"a header with control characters: {value!r}")
        lines.append(b"%b: %b" % (name, value))
    if close:
        lines.append(b"connection: close")
    return b"\r\n".join(lines) + _HEAD_END + said.body
