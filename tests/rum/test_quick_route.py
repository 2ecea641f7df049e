"""A beacon that comes whole, or soon, is judged without a task, and answered as any other."""

import asyncio
import contextlib
import gc
import gzip
import json
import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from rum.limits import Limits
from rum.quick_protocol import QuickCycle
from rum.server import server_config
from rum.sink import Kept
from tests.support.collector import ORIGIN, Collect, beacon, view

WHOLE = beacon()
BODIES = {
    "good": json.dumps(WHOLE).encode(),
    "one bad event": json.dumps(beacon(view(), view(at=-1))).encode(),
    "a level it has not": json.dumps(beacon(level="wizard")).encode(),
    "not json": b"{",
    "empty": b"",
    "no events": json.dumps(WHOLE | {"events": []}).encode(),
    "an unknown site": json.dumps(beacon(site="nobody's")).encode(),
    "another version": json.dumps(beacon(v=9)).encode(),
    "too large": b" " * 70_000,
    "compressed": gzip.compress(json.dumps(beacon()).encode()),
}


def head(length: int, *more: str, origin: str = ORIGIN) -> bytes:
    lines = [
        "POST /rum/v1/beacon HTTP/1.1",
        "host: x",
        f"origin: {origin}",
        f"content-length: {length}",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def read_answer(connection: socket.socket) -> tuple[int, list[str], bytes]:
    """Status, headers but the date, and body."""
    said = b""
    while b"\r\n\r\n" not in said:
        chunk = connection.recv(65_536)
        assert chunk, f"closed after {said!r}"
        said += chunk
    start, _, body = said.partition(b"\r\n\r\n")
    status, *lines = start.decode().split("\r\n")
    headers = [line for line in lines if not line.startswith("date:")]
    length = next((int(h.partition(": ")[2]) for h in headers if h.startswith("content-len")), 0)
    while len(body) < length:
        body += connection.recv(65_536)
    return int(status.split()[1]), headers, body


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("origin", [ORIGIN, "https://elsewhere.test"])
def test_a_beacon_that_came_whole_is_answered_as_one_that_did_not(
    collect: Collect, body: bytes, origin: str
) -> None:
    more = ["content-encoding: gzip"] if body.startswith(b"\x1f\x8b") else []
    with collect() as collecting:
        with socket.create_connection(("127.0.0.1", collecting.port), timeout=30) as whole:
            whole.sendall(head(len(body), *more, origin=origin) + body)
            at_once = read_answer(whole)
        with socket.create_connection(("127.0.0.1", collecting.port), timeout=30) as parts:
            parts.sendall(head(len(body), "expect: 100-continue", *more, origin=origin))
            if len(body) <= Limits().body_bytes_max:  # else it is answered without being asked for
                assert parts.recv(len(b"HTTP/1.1 100 Continue\r\n\r\n")).startswith(b"HTTP/1.1 100")
                parts.sendall(body)
            by_and_by = read_answer(parts)
    assert at_once == by_and_by
    kept = [(batch.session, len(batch.events)) for batch in collecting.batches()]
    assert kept[: len(kept) // 2] == kept[len(kept) // 2 :]
    assert bool(kept) == (at_once[0] == 204)


def test_who_asks_for_another_protocol_is_answered_as_without_the_quick_route(
    collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = ("connection: upgrade", "upgrade: websocket")
    body = BODIES["too large"]
    said = []
    for quick in (True, False):
        with monkeypatch.context() as patch:
            if not quick:
                patch.setattr(
                    "rum.quick_protocol.QuickProtocol._may_be_quick", lambda protocol: False
                )
            with (
                collect() as collecting,
                socket.create_connection(("127.0.0.1", collecting.port), timeout=30) as client,
            ):
                client.sendall(head(len(body), *upgrade))
                said.append(read_answer(client))
    assert said[0] == said[1]
    assert said[0][0] == 413


class WatchingSink:
    """Keeps everything, and notes in which task it was asked to."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[object] | None] = []

    def submit(self, record: object, kept: Kept) -> None:
        self.tasks.append(asyncio.current_task())
        kept(None)

    async def write(self, record: object) -> None:
        return None

    def healthy(self) -> bool:
        return True


def test_it_costs_no_task(collect: Collect) -> None:
    sink = WatchingSink()
    body = BODIES["good"]
    with (
        collect(sink=sink) as collecting,
        socket.create_connection(("127.0.0.1", collecting.port), timeout=30) as client,
    ):
        client.sendall(head(len(body)) + body)
        assert read_answer(client)[0] == 204
        client.sendall(head(len(body), "expect: 100-continue"))
        client.recv(1_000)
        client.sendall(body)
        assert read_answer(client)[0] == 204
    assert sink.tasks[0] is None
    assert sink.tasks[1] is not None


def test_nothing_of_a_beacon_stays_with_its_connection(collect: Collect) -> None:
    def cycles() -> int:
        gc.collect()
        return sum(isinstance(each, QuickCycle) for each in gc.get_objects())

    before, body = cycles(), BODIES["good"]
    with (
        collect(sink=WatchingSink()) as collecting,
        socket.create_connection(("127.0.0.1", collecting.port), timeout=30) as client,
    ):
        for _ in range(20):
            client.sendall(head(len(body)) + body)
            assert read_answer(client)[0] == 204
        assert cycles() == before


def test_a_body_that_comes_a_little_later_costs_no_task_either(
    collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rum.quick_protocol.HELD_S", 60.0)
    sink = WatchingSink()
    with collect(sink=sink) as collecting:
        assert collecting.post(BODIES["good"]).status_code == 204  # httpx sends it by itself
    assert sink.tasks == [None]


def test_requests_sent_without_waiting_are_answered_in_their_order(collect: Collect) -> None:
    good, bad = BODIES["good"], BODIES["not json"]
    with (
        collect() as collecting,
        socket.create_connection(("127.0.0.1", collecting.port), timeout=30) as client,
    ):
        client.sendall(
            head(len(good)) + good
            + head(len(bad)) + bad
            + b"GET /live HTTP/1.1\r\nhost: x\r\n\r\n"
            + head(len(good)) + good
        )  # fmt: skip
        said = b""
        while said.count(b"HTTP/1.1 ") < 4 or not said.endswith(b"\r\n\r\n"):
            chunk = client.recv(65_536)
            assert chunk, f"closed after {said!r}"
            said += chunk
    statuses = [int(part[:3]) for part in said.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [204, 400, 200, 204]
    assert len(collecting.batches()) == 2


def test_each_of_a_connections_beacons_is_judged_by_its_own_head(collect: Collect) -> None:
    bodies = [json.dumps(beacon(release="1" * length)).encode() for length in (1, 20, 1)]
    origins = [ORIGIN, "https://elsewhere.test", ORIGIN]
    with (
        collect(Limits(trusted_proxies=())) as collecting,
        socket.create_connection(("127.0.0.1", collecting.port), timeout=30) as client,
    ):
        statuses = []
        for body, origin in zip(bodies * 2, origins * 2, strict=True):
            client.sendall(head(len(body), "x-forwarded-for: 192.0.2.1", origin=origin) + body)
            statuses.append(read_answer(client)[0])
        with collecting.client() as asking:
            metrics = asking.get(f"{collecting.base}/metrics").text
    assert statuses == [204, 403, 204] * 2
    assert "vigie_collector_untrusted_proxy_total 6" in metrics
    assert len(collecting.batches()) == 4


@pytest.mark.parametrize(
    "more",
    [
        "content-length: 5",
        "transfer-encoding: chunked",
        "x: y\nz: y",
        "x: y\0",
        " folded",
        "no colon",
    ],
)
def test_a_head_that_can_be_read_in_two_ways_is_no_request(collect: Collect, more: str) -> None:
    body = BODIES["good"]
    with (
        collect() as collecting,
        socket.create_connection(("127.0.0.1", collecting.port), timeout=30) as client,
    ):
        client.sendall(head(len(body), more) + body)
        said = b""
        with contextlib.suppress(ConnectionResetError):  # what it did not read
            while chunk := client.recv(65_536):
                said += chunk
    assert said.startswith(b"HTTP/1.1 400 ")
    assert collecting.batches() == []


def test_what_begins_like_a_beacon_amid_another_request_is_a_part_of_that(
    collect: Collect,
) -> None:
    inner = head(len(BODIES["good"])) + BODIES["good"]
    with (
        collect() as collecting,
        socket.create_connection(("127.0.0.1", collecting.port), timeout=30) as client,
    ):
        client.sendall(head(len(inner), "x: y"))
        with collecting.client() as asking:  # by now what was sent before is read
            assert asking.get(f"{collecting.base}/live").status_code == 200
        client.sendall(inner)
        status, _, body = read_answer(client)
    assert (status, json.loads(body)["error"]["reason"]) == (400, "malformed")
    assert collecting.batches() == []


def test_who_sends_no_more_beacons_is_let_go(
    collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tests.support.collector.server_config", partial(server_config, timeout_keep_alive=1)
    )
    body = BODIES["good"]
    with (
        collect(sink=WatchingSink()) as collecting,
        socket.create_connection(("127.0.0.1", collecting.port), timeout=30) as client,
    ):
        for _ in range(3):
            client.sendall(head(len(body)) + body)
            assert read_answer(client)[0] == 204
        assert client.recv(1) == b""


def test_who_waits_for_the_disk_is_not_taken_for_idle(
    collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two beacons: the first one's answer sets the timer, which ends amid the second."""

    class Slow(WatchingSink):
        def submit(self, record: object, kept: Kept) -> None:
            loop = asyncio.get_running_loop()
            loop.call_later(2.0 * len(self.tasks), kept, None)
            self.tasks.append(None)

    monkeypatch.setattr(
        "tests.support.collector.server_config", partial(server_config, timeout_keep_alive=1)
    )
    body = BODIES["good"]
    with (
        collect(sink=Slow()) as collecting,
        socket.create_connection(("127.0.0.1", collecting.port), timeout=30) as client,
    ):
        for _ in range(2):
            client.sendall(head(len(body)) + body)
            assert read_answer(client)[0] == 204
        assert client.recv(1) == b""


def test_a_request_behind_one_that_is_answered_already_is_not_ended_as_idle(
    collect: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Later(WatchingSink):
        def submit(self, record: object, kept: Kept) -> None:
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, loop.call_soon, kept, None)

    monkeypatch.setattr(
        "tests.support.collector.server_config", partial(server_config, timeout_keep_alive=0)
    )
    good, bad = BODIES["good"], BODIES["not json"]
    with (
        collect(sink=Later()) as collecting,
        socket.create_connection(("127.0.0.1", collecting.port), timeout=30) as client,
    ):
        client.sendall(head(len(bad)) + bad + head(len(good)) + good)
        said = b"".join(iter(lambda: client.recv(65_536), b""))  # to the end
    assert [part[:3] for part in said.split(b"HTTP/1.1 ")[1:]] == [b"400", b"204"]


def test_a_fault_of_ours_is_a_500_and_the_next_beacon_is_taken(collect: Collect) -> None:
    class Faulty(WatchingSink):
        def submit(self, record: object, kept: Kept) -> None:
            if not self.tasks:
                self.tasks.append(None)
                raise RuntimeError("a mistake of ours")
            kept(None)

    with collect(sink=Faulty()) as collecting:
        answer = collecting.post(BODIES["good"])
        assert (answer.status_code, answer.headers["connection"]) == (500, "close")
        assert collecting.post(BODIES["good"]).status_code == 204


def test_who_waits_for_the_disk_is_answered_though_the_server_is_told_to_end(
    collect: Collect,
) -> None:
    entered, released = threading.Event(), threading.Event()

    def sync(descriptor: int) -> None:
        entered.set()
        assert released.wait(30)
        os.fdatasync(descriptor)

    def release_when_closed(port: int) -> None:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=30).close()
            except OSError:  # the server listens no more: it is ending
                released.set()
                return

    with ThreadPoolExecutor() as threads:
        with collect(sync=sync) as collecting:
            answer = threads.submit(collecting.post, BODIES["good"])
            assert entered.wait(30)
            threads.submit(release_when_closed, collecting.port)
        assert answer.result(30).status_code == 204
    assert len(collecting.batches()) == 1
