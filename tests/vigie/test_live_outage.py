"""A real server goes away under a running prober, then the prober itself: two different truths."""

import asyncio
import os
import signal
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.ports import free_port
from tests.support.serving import Serving, serving
from tests.support.waiting import wait_for

INTERVAL = timedelta(seconds=1)
SLACK = timedelta(seconds=0.2)
"""Between a check's start, or due time, and the target noting the request."""
LATE = timedelta(seconds=5)
"""How late a busy machine may make the first failing check."""
STOPPED_S = 12
"""Well over the prober's lag limit of 5 s: a check that late still counts, for when it was due."""
UNKNOWN_S = 4
MONITOR = """
[[monitors]]
id = "target"
url = "http://127.0.0.1:{port}/"
interval_s = 1
timeout_s = 0.9
confirm_after = 2
"""


class Target:
    """A real HTTP server on loopback that can be taken away and brought back on the same port."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._served: list[datetime] = []
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.up()

    def up(self) -> None:
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def down(self) -> None:
        server = self._server
        assert server
        self._loop.call_soon_threadsafe(server.close)
        wait_for(self._refuses, "the target to refuse connections")

    def close(self) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _refuses(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) != 0

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._answer, "127.0.0.1", self.port)

    def served_around(self, moment: datetime) -> tuple[datetime, datetime]:
        """When it last served a request before `moment`, and first after."""
        served = list(self._served)
        return max(t for t in served if t <= moment), min(t for t in served if t > moment)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self._served.append(datetime.now(UTC))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()


def uptime(served: Serving, since: datetime) -> dict[str, Any]:
    answer = served.get(
        "/api/v1/reports/uptime",
        monitor="target",
        start=since.isoformat(),
        end=datetime.now(UTC).isoformat(),
    )
    assert answer.status_code == 200, answer.text
    (monitor,) = answer.json()["monitors"]
    return dict(monitor)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_stopped_server_is_an_outage_and_a_stopped_prober_is_not(tmp_path: Path) -> None:
    target = Target(free_port())
    since = datetime.now(UTC)
    try:
        with serving(tmp_path, more_settings=MONITOR.format(port=target.port)) as served:
            wait_for(lambda: uptime(served, since)["state"] == "up", "the target seen up")

            target.down()
            gone = datetime.now(UTC)
            wait_for(lambda: uptime(served, since)["state"] == "down", "the target seen down")
            target.up()
            back = datetime.now(UTC)
            wait_for(lambda: uptime(served, since)["state"] == "up", "the target seen up again")

            (incident,) = uptime(served, since)["incidents"]
            last_before, first_after = target.served_around(gone)
            assert last_before - SLACK <= at(incident["start"]) <= gone + LATE
            assert back - INTERVAL <= at(incident["end"]) <= first_after + SLACK
            assert incident["outcome"] == "connect_refused"

            prober = served.children()["prober"]["pid"]
            os.kill(prober, signal.SIGSTOP)
            stopped = time.monotonic()
            wait_for(
                lambda: time.monotonic() - stopped > STOPPED_S,
                "the prober to have been stopped a while",
            )
            os.kill(prober, signal.SIGCONT)
            wait_for(
                lambda: (
                    time.monotonic() - stopped > STOPPED_S + 1
                    and uptime(served, since)["state"] == "up"
                ),
                "the target seen up after the prober went on",
            )
            seen = uptime(served, since)
            assert served.stop() == 0
    finally:
        target.close()
    assert len(seen["incidents"]) == 1, "a stopped prober is no outage"
    assert seen["seconds"]["unknown"] >= UNKNOWN_S
    assert seen["observed_share"] < 1
    unknown = [part for part in seen["intervals"] if part["state"] == "unknown"]
    assert any(
        (at(part["end"]) - at(part["start"])).total_seconds() >= UNKNOWN_S for part in unknown
    ), seen["intervals"]
    assert seen["low"] < seen["uptime"] <= seen["high"]
