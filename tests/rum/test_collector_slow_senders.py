"""Slow senders are dropped at their deadline, and cost nobody else anything."""

import contextlib
import json
import socket
import threading
import time

import pytest

from rum.limits import Limits
from rum.records import Reason
from tests.support.collector import Collect, beacon

SLOW = Limits(body_timeout_s=0.5, headers_timeout_s=0.5)

HEAD = (
    b"POST /rum/v1/beacon HTTP/1.1\r\nhost: x\r\norigin: https://shop.test\r\n"
    b"content-length: 500\r\n\r\n"
)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def read_to_end(connection: socket.socket) -> bytes:
    """All the server says until it closes; fails by the socket's time-out when it never does."""
    said = b""
    while chunk := connection.recv(65_536):
        said += chunk
    return said


def test_a_body_that_trickles_is_answered_408_and_its_connection_closed(collect: Collect) -> None:
    with collect(SLOW) as collecting, connect(collecting.port) as slow:
        slow.sendall(HEAD)
        stop = threading.Event()

        def trickle() -> None:
            while not stop.wait(0.05):
                try:
                    slow.sendall(b" ")
                except OSError:
                    return

        trickling = threading.Thread(target=trickle)
        trickling.start()
        said = b""
        try:
            while not said.endswith(b"}"):
                chunk = slow.recv(65_536)
                assert chunk, f"closed after {said!r}"
                said += chunk
        finally:
            stop.set()
            trickling.join()
        with contextlib.suppress(ConnectionResetError):  # a late byte may turn the end into this
            assert slow.recv(1) == b""
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body)["error"]["reason"] == "body_too_slow"
    assert [refusal.reason for refusal in collecting.refusals()] == [Reason.BODY_TOO_SLOW]


def test_others_are_served_while_many_are_slow(collect: Collect) -> None:
    with collect(Limits(body_timeout_s=20, headers_timeout_s=20)) as collecting:
        slow = [connect(collecting.port) for _ in range(100)]
        for number, connection in enumerate(slow):
            connection.sendall(HEAD if number % 2 else HEAD[:40])
        for _ in range(20):
            assert collecting.post(json.dumps(beacon()).encode()).status_code == 204
        assert len(collecting.batches()) == 20
        for connection in slow:
            connection.close()


def test_headers_that_never_end_are_cut_off(collect: Collect) -> None:
    with collect(SLOW) as collecting:
        with connect(collecting.port) as silent:
            assert read_to_end(silent) == b""
        with connect(collecting.port) as slow:
            slow.sendall(HEAD[:40])
            assert read_to_end(slow) == b""


def test_headers_over_the_limit_are_answered_431(collect: Collect) -> None:
    with collect() as collecting, connect(collecting.port) as endless:
        endless.sendall(b"GET /health HTTP/1.1\r\nx: " + b"y" * 20_000)
        assert read_to_end(endless).startswith(b"HTTP/1.1 431 ")


def test_a_client_that_leaves_in_the_middle_is_no_error(collect: Collect) -> None:
    with collect() as collecting:
        with connect(collecting.port) as leaving:
            leaving.sendall(HEAD + b"{")
        deadline = time.monotonic() + 20
        with collecting.client() as client:
            while "disconnected_total 1" not in client.get(f"{collecting.base}/metrics").text:
                assert time.monotonic() < deadline
    assert collecting.records() == []


CHUNKED = (
    b"POST /rum/v1/beacon HTTP/1.1\r\nhost: x\r\norigin: https://shop.test\r\n"
    b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n"
)


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(b"a: " + b"b" * 1_000 + b"\r\n", id="trailers"),
        pytest.param(b"b" * 1_000, id="one trailer"),
    ],
)
def test_what_follows_a_chunked_body_is_cut_off(collect: Collect, piece: bytes) -> None:
    with collect(Limits(body_timeout_s=60)) as collecting, connect(collecting.port) as endless:
        endless.sendall(CHUNKED + b"0\r\na: ")
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            endless.sendall(piece * 64_000)


def test_trailers_are_taken_and_not_kept(collect: Collect) -> None:
    body = json.dumps(beacon()).encode()
    with collect() as collecting, connect(collecting.port) as sender:
        sender.sendall(CHUNKED[: -len(b"1\r\n{\r\n")] + b"%x\r\n" % len(body) + body)
        sender.sendall(b"\r\n0\r\norigin: https://evil.test\r\n\r\n")
        assert sender.recv(65_536).startswith(b"HTTP/1.1 204 ")
        assert len(collecting.batches()) == 1


def test_requests_sent_far_ahead_of_their_answers_are_cut_off(collect: Collect) -> None:
    with collect() as collecting, connect(collecting.port) as hasty:
        hasty.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n" * 10)
        said = b""
        while said.count(b'"ok"') < 10:
            said += hasty.recv(65_536)
        hasty.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n" * 1_000)
        with contextlib.suppress(ConnectionResetError):
            assert read_to_end(hasty).count(b'"ok"') < 1_000
