"""Bytes as they arrive on a connection, held until they are read, up to a limit."""

import asyncio
from typing import cast

HELD_BYTES_MAX = 262_144


class Pipe(asyncio.Protocol):
    """Reads what a peer sends, piece by piece; pauses the connection when much waits."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._held = bytearray()
        self._paused = False
        self._ended = False
        self._error: Exception | None = None
        self._news = asyncio.Event()

    async def read(self, max_bytes: int) -> bytes:
        """What has arrived, at most this much; empty at the end. Raises OSError."""
        while not self._held:
            if self._error is not None:
                raise self._error
            if self._ended:
                return b""
            self._news.clear()
            await self._news.wait()
        part = bytes(self._held[:max_bytes])
        del self._held[:max_bytes]
        if self._paused and self._transport is not None and len(self._held) < HELD_BYTES_MAX:
            self._paused = False
            self._transport.resume_reading()
        return part

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._held += data
        if not self._paused and len(self._held) >= HELD_BYTES_MAX and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._news.set()

    def eof_received(self) -> bool:
        self._ended = True
        self._news.set()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._error = exc
        self._news.set()
