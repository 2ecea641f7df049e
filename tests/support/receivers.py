"""Real receivers of messages on loopback: HTTP that answers as told, as PagerDuty, and SMTP."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.ports import free_port

Answer = tuple[int, dict[str, str], Any]
"""Status, headers, and a body that is sent as JSON."""


class Request:
    """One request as it came."""

    def __init__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body

    def json(self) -> Any:
        return json.loads(self.body)


class HttpReceiver:
    """Answers with what `script` holds, one by one, then as `answer` says."""

    def __init__(self, *script: Answer) -> None:
        self.script = list(script)
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def answer(self, request: Request) -> Answer:
        return 200, {}, {"ok": True}

    def take(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            return self.script.pop(0) if self.script else self.answer(request)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, more, said = receiver.take(Request(self.command, self.path, headers, body))
                content = json.dumps(said).encode()
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


class PagerDuty(HttpReceiver):
    """Events API v2 as documented: 202 with the key, or 400 naming what is wrong."""

    def answer(self, request: Request) -> Answer:
        event = request.json()
        errors = []
        if len(event.get("routing_key", "")) != 32:
            errors.append("Length of 'routing_key' is incorrect (should be 32 characters)")
        if event.get("event_action") not in ("trigger", "acknowledge", "resolve"):
            errors.append("'event_action' is missing or blank")
        if len(event.get("dedup_key", "")) > 255:
            errors.append("'dedup_key' is too long (maximum is 255 characters)")
        if event.get("event_action") == "trigger":
            payload = event.get("payload", {})
            errors += [
                f"'payload.{name}' is missing or blank"
                for name in ("summary", "source", "severity")
                if not payload.get(name)
            ]
            if payload.get("severity") not in ("critical", "error", "warning", "info"):
                errors.append("'payload.severity' is invalid")
        if errors:
            body = {
                "status": "invalid event",
                "message": "Event object is invalid",
                "errors": errors,
            }
            return 400, {}, body
        body = {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]}
        return 202, {}, body


class Mailbox:
    """Takes mail, or answers RCPT or DATA with what the scripts hold."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.recipients: list[list[str]] = []
        self.at_rcpt: list[str] = []
        self.at_data: list[str] = []

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],
    ) -> str:
        if self.at_rcpt:
            return self.at_rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.at_data:
            return self.at_data.pop(0)
        assert isinstance(envelope.content, bytes)
        self.recipients.append(list(envelope.rcpt_tos))
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


@contextmanager
def http_receiver(*script: Answer) -> Iterator[HttpReceiver]:
    receiver = HttpReceiver(*script)
    try:
        yield receiver
    finally:
        receiver.close()


@contextmanager
def pagerduty(*script: Answer) -> Iterator[PagerDuty]:
    receiver = PagerDuty(*script)
    try:
        yield receiver
    finally:
        receiver.close()


@contextmanager
def mail_server(**options: Any) -> Iterator[tuple[Mailbox, int]]:
    """A mailbox and its port."""
    mailbox = Mailbox()
    port = free_port()  # the controller cannot tell which one it got for 0
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield mailbox, port
    finally:
        controller.stop()
