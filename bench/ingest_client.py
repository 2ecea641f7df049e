"""Sends beacons of distinct sessions to a collector at a given rate, for `bench.ingest`.

python -m bench.ingest_client PORT CONNECTIONS RATE SECONDS     prints its figures as JSON
"""

import json
import secrets
import select
import socket
import statistics
import sys
import time
from collections import Counter

from msgspec import Struct, field

from bench.collector import AGENT, beacon

BATCHES_A_SESSION = 4
ANSWER_BYTES_MAX = 65_536
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


class Client:
    """Connections that send in turn, each when it is due and its last answer is there.

    Plain sockets and no event loop, since it takes its time from the same cores as the program:
    what is due within a millisecond is sent together, a little late, and so counted.
    """

    def __init__(self, port: int, connections: int, rate: float) -> None:
        self.sent = Sent()
        self._requests = Requests(port)
        self._period_s = connections / rate
        self._between_s = 1 / rate
        self._poll = select.epoll()
        self._sockets: list[socket.socket] = []
        self._number: dict[int, int] = {}
        """Of a connection, by its descriptor."""
        for number in range(connections):
            each = socket.create_connection(("127.0.0.1", port))
            each.setblocking(False)
            self._sockets.append(each)
            self._number[each.fileno()] = number
            self._poll.register(each, select.EPOLLIN)
        self._due_s = [0.0] * connections
        """When each was to send what it sends, or waits to be answered."""
        self._waits = [False] * connections

    def run(self, seconds: float) -> None:
        start_s = time.perf_counter() + 0.5
        connections, next_ = len(self._sockets), 0
        while (now_s := time.perf_counter()) < start_s + seconds:
            while (due_s := start_s + next_ * self._between_s) <= now_s:
                self._turn(next_ % connections, due_s)
                next_ += 1
            for descriptor, _ in self._poll.poll(max(0.0, due_s - now_s)):
                self._answered(self._number[descriptor])

    def close(self) -> None:
        self._poll.close()
        for each in self._sockets:
            each.close()

    def _turn(self, number: int, due_s: float) -> None:
        """The connection is to send; where its last answer is not there, it does once it is."""
        if not self._waits[number]:
            self._due_s[number] = due_s
            self._send(number)

    def _answered(self, number: int) -> None:
        said = self._sockets[number].recv(ANSWER_BYTES_MAX)
        if not said:
            raise SystemExit("the collector closed a connection")
        now_s, due_s = time.perf_counter(), self._due_s[number]
        if said.startswith(b"HTTP/1.1 204"):
            self.sent.ms.append((now_s - due_s) * 1000)
        else:
            self.sent.others[said[9:12].decode("latin-1")] += 1
        self._waits[number] = False
        if due_s + self._period_s <= now_s:  # its turn came meanwhile
            self._due_s[number] = due_s + self._period_s
            self._send(number)

    def _send(self, number: int) -> None:
        request = next(self._requests)
        if self._sockets[number].send(request) < len(request):
            raise SystemExit("the collector does not read on")
        self._waits[number] = True


def main(port: str, connections: str, rate: str, seconds: str) -> None:
    client = Client(int(port), int(connections), float(rate))
    begun_s = time.process_time()
    client.run(float(seconds))
    cpu_s = time.process_time() - begun_s
    client.close()
    sent = client.sent
    cuts = statistics.quantiles(sent.ms, n=1000)
    figures = {
        "rate": len(sent.ms) / float(seconds),
        "p50_ms": cuts[499],
        "p99_ms": cuts[989],
        "max_ms": max(sent.ms),
        "others": dict(sent.others),
        "cpu_s": cpu_s,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
