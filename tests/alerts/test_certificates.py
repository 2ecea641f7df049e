"""Warnings of a certificate's end: each threshold once, the most urgent alone, none renewed."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import SSLContext
from typing import Any

import httpx
import pytest
from msgspec import structs

from analytics.reports.certificates import CertificateSeen
from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.result import CheckResult
from store.database import Database
from store.journal_writer import write_segments
from store.loader import Loader
from store.times import microseconds
from tests.support.alerts import MONITOR, NOW, channel
from tests.support.authority import Authority
from tests.support.receivers import http_receiver
from tests.support.serving import Serving, serving
from tests.support.waiting import wait_for
from vigie.alerts.certificate import CertificateRow, certificate_changes
from vigie.alerts.certificate_watch import CertificateWatch
from vigie.alerts.ledger import Ledger
from vigie.alerts.message import Event, Message, certificate_message
from vigie.alerts.pagerduty import event_of
from vigie.alerts.smtp import mail_of
from vigie.alerts.webhook import body_of
from vigie.console.access import one_time_link
from vigie.settings import ChannelSettings, Settings

SECRET = "not-to-be-seen"
SETTINGS = """
[[monitors]]
id = "target"
name = "The target"
url = "https://127.0.0.1:{target}/"
interval_s = 1
timeout_s = 0.9

[[channels]]
id = "hook"
kind = "webhook"
default = true
url = "{hook}"
secret_env = "VIGIE_TEST_HOOK"
"""


def shown(days: float, minutes_ago: float = 0, monitor: str = "home") -> CertificateSeen:
    """A certificate that expires `days` after NOW."""
    return CertificateSeen(
        monitor=monitor,
        expires=NOW + timedelta(days=days),
        seen=NOW - timedelta(minutes=minutes_ago),
        issuer="R11 (Let's Encrypt)",
    )


class Book:
    """The rows of one monitor as the ledger would keep them, and the thresholds told."""

    def __init__(self) -> None:
        self.rows: dict[str, CertificateRow] = {}
        self.told: list[int] = []
        self.closed: list[str] = []

    def look(self, *seen: CertificateSeen, days: float = 0) -> None:
        known = list(self.rows.values())
        now = NOW + timedelta(days=days)
        for change in certificate_changes(known, seen, tells=("ops",), now=now):
            self.rows[change.row.id] = change.row
            self.told += [change.row.threshold] if change.tell else []
            self.closed += [change.row.id] if change.row.closed else []


def test_each_threshold_is_told_once_as_it_is_crossed() -> None:
    book = Book()
    for day in range(45):
        for _ in range(2):
            book.look(shown(40), days=day)
    assert book.told == [30, 14, 7, 1, 0]
    assert book.closed == []


def test_of_several_thresholds_crossed_at_once_only_the_most_urgent_is_told() -> None:
    book = Book()
    book.look(shown(5))
    assert book.told == [7]
    late = Book()
    late.look(shown(-3))
    assert late.told == [0]


def test_nothing_is_told_of_a_renewed_certificate() -> None:
    book = Book()
    book.look(shown(10, minutes_ago=1), shown(90))
    assert book.told == []
    book.look(shown(90), days=9)
    assert book.told == []


def test_a_renewal_closes_what_was_told_once_the_old_one_is_not_seen_any_more() -> None:
    book = Book()
    book.look(shown(10))
    (told,) = book.rows
    book.look(shown(90), shown(10, minutes_ago=59))
    assert book.closed == []
    book.look(shown(90), shown(10, minutes_ago=61))
    book.look(shown(90))
    assert book.closed == [told]
    book.look(shown(10), days=0.1)
    assert book.told == [14], "seen again, it is the same certificate"
    book.look(shown(10), days=4)
    assert book.told == [14, 7]


def test_while_no_certificate_is_seen_nothing_changes() -> None:
    book = Book()
    book.look(shown(10))
    book.look(days=20)
    assert (book.told, book.closed) == ([14], [])


def warning(days: float = 6.5, event: Event = Event.WARN, **changes: Any) -> Message:
    row = CertificateRow(
        id="certificate:home@20261128T020000Z",
        monitor="home",
        expires=NOW + timedelta(days=days),
        issuer="R11 (Let's Encrypt)",
        problem="",
        threshold=7,
    )
    return certificate_message(
        structs.replace(row, **changes),
        event,
        key=f"{row.id}/c/warn-7",
        at=NOW,
        monitor=MONITOR,
        console_url="https://vigie.test/",
    )


def test_a_warning_says_what_when_and_who_issued_it() -> None:
    assert warning().title == "Certificate expires in 6 days: Home page"
    assert warning().text.splitlines() == [
        "The certificate of Home page expires in 6 days.",
        "Expires: 28 Nov 2026, 02:00:00 UTC",
        "Issued by: R11 (Let's Encrypt)",
        "Address: https://shop.test/a",
        "https://vigie.test/monitors/home",
    ]
    assert warning(0.5).title == "Certificate expires in 12 h: Home page"
    assert warning(-1).title == "Certificate expired: Home page"
    assert "self-signed" in warning(problem="certificate is self-signed").text


def test_every_kind_of_channel_can_carry_it() -> None:
    event = event_of(warning(), "trigger", "key")
    assert event["payload"]["severity"] == "warning"
    assert event["payload"]["source"] == "home"
    assert event["dedup_key"] == "vigie/certificate:home@20261128T020000Z"
    assert event_of(warning(event=Event.CLOSE), "resolve", "key")["dedup_key"] == event["dedup_key"]
    mail = mail_of(channel("email", from_address="vigie@example.com", to=("a@b.test",)), warning())
    assert mail["Subject"] == "Certificate expires in 6 days: Home page"
    body = body_of(warning()).decode()
    assert '"event":"warn"' in body
    assert '"incident":null' in body
    assert '"expires":"2026-11-28T02:00:00Z"' in body


class World:
    """A store with results that carry certificates, and a look at them in a process that may begin
    anew."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "store")
        self.ledger = Ledger(self.database)
        self.settings = Settings(
            monitors=(Monitor(id="home", url="https://home.test/"),),
            channels=tuple(
                ChannelSettings(id=kind, kind=kind, default=True) for kind in ("chat", "pagerduty")
            ),
        )
        self._journal = folder / "journal"
        self._journal.mkdir()
        self._loader = Loader(self.database, self._journal)
        self._writes = 0

    def see(self, at: datetime, expires: datetime) -> None:
        self._writes += 1
        result = CheckResult(
            monitor="home",
            location="local",
            due_us=microseconds(at),
            started_us=microseconds(at),
            outcome=Outcome.TLS_CERTIFICATE,
            interval_ms=60_000,
            timeout_ms=10_000,
            certificate_expires_us=microseconds(expires),
            certificate_issuer="Tests",
        )
        start_us = microseconds(NOW) + self._writes
        write_segments(self._journal, "prober", [result], start_us=start_us)
        self._loader.load_once(NOW)

    def look(self, now: datetime) -> str:
        watch = CertificateWatch(
            self.database, self.ledger, lambda: self.settings, lambda _: ("chat", "pagerduty")
        )
        return watch.look(now)

    def send(self, now: datetime) -> list[str]:
        """Deliver all that is owed; the ends of its keys."""
        sent = []
        for each in self.settings.channels:
            while row := self.ledger.next_due(each.id, now):
                assert row.event is not Event.CLOSE or self.ledger.opening_arrived(row)
                assert self.ledger.claim(row)
                assert self.ledger.mark_sent(row.key, now)
                sent.append(row.key.partition("/")[2])
        return sent


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.database.close()


def test_a_warning_is_owed_once_and_pagerduty_alone_is_told_of_the_renewal(world: World) -> None:
    old, new = NOW + timedelta(days=10), NOW + timedelta(days=100)
    world.see(NOW, old)
    assert "1 near" in world.look(NOW)
    assert world.look(NOW) == "", "a process that begins anew knows what was told"
    assert world.send(NOW) == ["chat/warn-14", "pagerduty/warn-14"]
    later = NOW + timedelta(days=4)
    world.see(later, old)
    world.look(later)
    assert world.send(later) == ["chat/warn-7", "pagerduty/warn-7"]
    renewed = later + timedelta(hours=2)
    world.see(renewed, new)
    assert "1 replaced" in world.look(renewed)
    assert world.look(renewed) == ""
    assert world.send(renewed) == ["pagerduty/close-7"]
    world.ledger.retire(renewed + timedelta(days=1))
    assert world.ledger.certificates() == []


def test_what_waits_is_not_sent_once_the_certificate_or_its_monitor_is_gone(world: World) -> None:
    world.see(NOW, NOW + timedelta(days=10))
    world.look(NOW)
    world.settings = structs.replace(world.settings, monitors=())
    assert "1 replaced or gone" in world.look(NOW)
    assert world.send(NOW) == []


def test_of_a_paused_monitor_nothing_is_told(world: World) -> None:
    (monitor,) = world.settings.monitors
    world.settings = structs.replace(
        world.settings, monitors=(structs.replace(monitor, paused=True),)
    )
    world.see(NOW, NOW + timedelta(days=10))
    assert world.look(NOW) == ""


@contextmanager
def tls_server(context: SSLContext) -> Iterator[int]:
    """A server on loopback with this certificate; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """The prober hangs up on what it does not trust, as it may."""

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def down(served: Serving) -> bool:
    answer = served.get("/api/v1/reports/uptime", monitor="target", days="1")
    return answer.status_code == 200 and answer.json()["monitors"][0]["state"] == "down"


def looked(served: Serving) -> bool:
    """Whether the console that runs now has looked at certificates; its page Data says so."""
    link = one_time_link(served.data / "run", served.console, datetime.now(UTC))
    try:
        with httpx.Client(base_url=served.console, trust_env=False, timeout=30) as client:
            client.get(link)
            page = client.get("/data").text
    except httpx.TransportError:
        return False
    return "<time" in page.partition("Warn of certificates")[2].partition("</tr>")[0]


def test_a_certificate_about_to_expire_is_told_once_though_it_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = datetime.now(UTC) + timedelta(days=5, hours=1)
    openssl = shutil.which("openssl")
    assert openssl, "the TLS tests make their certificates with the openssl command: install it"
    context = Authority(tmp_path, openssl).server("IP:127.0.0.1", end=f"{end:%Y%m%d%H%M%SZ}")
    monkeypatch.setenv("VIGIE_TEST_HOOK", SECRET)
    with tls_server(context) as port, http_receiver() as hook:
        settings = SETTINGS.format(target=port, hook=hook.url)
        with serving(tmp_path, more_settings=settings) as served:

            def warned() -> list[Any]:
                bodies = [request.json() for request in hook.requests]
                return [body for body in bodies if body["event"] == "warn"]

            wait_for(lambda: down(served), "the target seen down")
            served.kill("console")  # its jobs run at its start, and then minutes apart
            wait_for(warned, "the warning")
            marked = "told hook: warn of certificate:target@"
            wait_for(lambda: marked in served.log.read_text(), "the warning marked as sent")
            served.kill("console")
            wait_for(lambda: looked(served), "another look, by the one begun anew")
            assert served.stop() == 0, served.log.read_text()
        (body,) = warned()
    database = Database(tmp_path / "data" / "store")
    owed = database.cursor().execute("SELECT state FROM outbox WHERE event = 'warn'").fetchall()
    database.close()
    assert owed == [("sent",)]
    assert body["title"] == "Certificate expires in 5 days: The target"
    assert body["certificate"]["issuer"] == "Tests"
    assert body["certificate"]["expires"] == f"{end:%Y-%m-%dT%H:%M:%SZ}"
