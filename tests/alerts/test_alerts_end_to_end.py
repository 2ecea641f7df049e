"""A real server goes away under a running Vigie and comes back: each channel hears it twice."""

import asyncio
import hashlib
import hmac
import threading
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.receivers import http_receiver, mail_server, pagerduty
from tests.support.serving import Serving, serving
from tests.support.waiting import wait_for

SECRET = "not-to-be-seen"
KEY = "0123456789abcdef0123456789abcdef"
SETTINGS = """
[[monitors]]
id = "target"
name = "The target"
url = "http://127.0.0.1:{target}/path?token=hidden"
interval_s = 1
timeout_s = 0.5

[alerts]
heartbeat_url = "{heartbeat}"

[[channels]]
id = "mail"
kind = "email"
default = true
host = "127.0.0.1"
port = {smtp}
security = "none"
from_address = "vigie@example.com"
to = ["ops@example.com"]

[[channels]]
id = "hook"
kind = "webhook"
default = true
url = "{hook}"
secret_env = "VIGIE_TEST_HOOK"

[[channels]]
id = "pager"
kind = "pagerduty"
default = true
url = "{pager}"
routing_key_file = "{key_file}"

[[channels]]
id = "room"
kind = "chat"
default = true
url_env = "VIGIE_TEST_ROOM"
"""


class Target:
    """A server on loopback that can be taken away and brought back on the same port."""

    def __init__(self) -> None:
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server: asyncio.Server | None = None
        self.up()

    def up(self) -> None:
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._answer, "127.0.0.1", self.port), self._loop
        ).result(10)

    def down(self) -> None:
        assert self._server
        self._loop.call_soon_threadsafe(self._server.close)

    def close(self) -> None:
        self.down()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()


def seen_up(served: Serving) -> bool:
    answer = served.get("/api/v1/reports/uptime", monitor="target", days="1")
    return answer.status_code == 200 and answer.json()["monitors"][0]["state"] == "up"


def told(served: Serving) -> int:
    """How many messages were marked as sent; a kill before that would repeat them."""
    return served.log.read_text().count("vigie.alerts told ")


def test_every_channel_hears_of_an_outage_once_and_of_its_end_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Target()
    key_file = tmp_path / "key"
    key_file.write_text(KEY + "\n")
    try:
        with (
            mail_server() as (mailbox, smtp),
            http_receiver() as hook,
            http_receiver() as room,
            http_receiver() as heartbeat,
            pagerduty() as pager,
        ):
            monkeypatch.setenv("VIGIE_TEST_HOOK", SECRET)
            monkeypatch.setenv("VIGIE_TEST_ROOM", room.url.replace("http://", "json://"))
            settings = SETTINGS.format(
                target=target.port,
                smtp=smtp,
                hook=hook.url,
                pager=pager.url,
                key_file=key_file,
                heartbeat=heartbeat.url,
            )
            with serving(tmp_path, more_settings=settings) as served:
                wait_for(lambda: seen_up(served), "the target seen up")
                target.down()
                receivers = (mailbox.mails, hook.requests, pager.requests, room.requests)
                wait_for(lambda: all(len(each) == 1 for each in receivers), "the opening")
                wait_for(lambda: told(served) == 4, "every opening marked as sent")
                # The console dies and comes back: nobody is told of the same outage again.
                served.kill("console")
                target.up()
                wait_for(lambda: all(len(each) >= 2 for each in receivers), "the closing")
                assert served.stop() == 0, served.log.read_text()
            assert [len(each) for each in receivers] == [2, 2, 2, 2]
            log = served.log.read_text()
    finally:
        target.close()
    assert SECRET not in log
    assert KEY not in log

    opening, closing = mailbox.mails
    assert opening["Subject"] == "Down: The target"
    assert closing["Subject"] == "Up again: The target"
    assert closing["References"] == opening["Message-ID"] != closing["Message-ID"]
    text = opening.as_string()
    assert "Connection refused" in text
    assert "Seen from: local" in text
    assert "hidden" not in text

    opened, closed = (request.json() for request in hook.requests)
    assert (opened["event"], closed["event"]) == ("open", "close")
    assert opened["incident"]["id"] == closed["incident"]["id"]
    assert opened["incident"]["end"] is None
    assert closed["incident"]["end"] > closed["incident"]["start"]
    for request in hook.requests:
        signed = request.headers["vigie-timestamp"].encode() + b"." + request.body
        expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        assert request.headers["vigie-signature"] == f"v1={expected}"

    trigger, resolve = (request.json() for request in pager.requests)
    assert (trigger["event_action"], resolve["event_action"]) == ("trigger", "resolve")
    assert trigger["dedup_key"] == resolve["dedup_key"]
    assert [request.json()["type"] for request in room.requests] == ["failure", "success"]
