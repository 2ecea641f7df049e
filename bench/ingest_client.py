"""Sends beacons of distinct sessions to a collector at a given rate, for `bench.ingest`.

python -m bench.ingest_client PORT CONNECTIONS RATE SECONDS     prints its figures as JSON
"""

import asyncio
import json
import secrets
import statistics
import sys
import time
from collections import Counter
from typing import cast

import uvloop
from msgspec import Struct, field

from bench.collector import AGENT, beacon

BATCHES_A_SESSION = 4
SESSION_AT = "0123456789abcdef" * 2


class Sent(Struct):
    """`ms` are the times until the answer of what was answered 204, from when it was due: one sent
    late, because the answer before it was late, has waited for that long too."""

    ms: list[float] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    """Other answers, by their status."""


class Requests:
    """Requests as a browser makes them: a few batches of a session, then another session's."""

    def __init__(self, port: int) -> None:
        body = json.loads(beacon())
        body |= {"session": SESSION_AT, "batch": 1 << 20}
        before, after = json.dumps(body, separators=(",", ":")).encode().split(SESSION_AT.encode())
        length = len(before) + len(SESSION_AT) + len(after)
        self._before = (
            b"POST /rum/v1/beacon HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n"
            b"origin: https://www.example.com\r\ncontent-type: text/plain;charset=UTF-8\r\n"
            b"user-agent: %b\r\ncontent-length: %d\r\n\r\n%b"
        ) % (port, AGENT.encode(), length, before)
        first = b'"batch":%d' % (1 << 20)
        assert first in after
        self._after = [
            after.replace(first, b'"batch":%d' % ((1 << 20) + n)) for n in range(BATCHES_A_SESSION)
        ]
        self._number = 0
        self._session = b""

    def __next__(self) -> bytes:
        number = self._number % BATCHES_A_SESSION
        if number == 0:
            self._session = secrets.token_hex(16).encode()
        self._number += 1
        return self._before + self._session + self._after[number]


class Connection(asyncio.Protocol):
    """Sends when its turn comes and the last answer is there."""

    def __init__(self, requests: Requests, sent: Sent, period_s: float, first_s: float) -> None:
        self._requests = requests
        self._sent = sent
        self._period_s = period_s
        self._due_s = first_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self._loop = asyncio.get_running_loop()
        self._ahead_s = time.perf_counter() - self._loop.time()  # whose time stands within a turn
        self._loop.call_at(self._due_s, self._send)

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 204"):
            took_s = time.perf_counter() - self._ahead_s - self._due_s
            self._sent.ms.append(took_s * 1000)
        else:
            self._sent.others[data[9:12].decode("latin-1")] += 1
        self._due_s += self._period_s
        self._loop.call_at(self._due_s, self._send)  # at once when it is behind

    def _send(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(next(self._requests))


async def send(port: int, connections: int, rate: float, seconds: float) -> Sent:
    """About `rate` beacons a second, fewer where the answers do not keep up."""
    requests, sent = Requests(port), Sent()
    loop = asyncio.get_running_loop()
    period_s, start_s = connections / rate, loop.time() + 0.5
    opened = [
        await loop.create_connection(
            lambda n=n: Connection(  # type: ignore[misc]
                requests, sent, period_s, start_s + n * period_s / connections
            ),
            "127.0.0.1",
            port,
        )
        for n in range(connections)
    ]
    await asyncio.sleep(start_s + seconds - loop.time())
    for transport, _ in opened:
        transport.abort()
    return sent


def main(port: str, connections: str, rate: str, seconds: str) -> None:
    sent = uvloop.run(send(int(port), int(connections), float(rate), float(seconds)))
    cuts = statistics.quantiles(sent.ms, n=1000)
    figures = {
        "rate": len(sent.ms) / float(seconds),
        "p50_ms": cuts[499],
        "p99_ms": cuts[989],
        "max_ms": max(sent.ms),
        "others": dict(sent.others),
        "cpu_s": time.process_time(),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
