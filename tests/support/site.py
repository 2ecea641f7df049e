"""A web site on loopback with rum.js in its pages, whose /vigie/ leads to a collector."""

import mimetypes
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

KEY = "test-key"
SNIPPET = f'<script async src="/vigie/rum.js" data-site="{KEY}"></script>'


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Collector = Callable[[bytes, Mapping[str, str]], Answer]
"""What answers a beacon, or a chunk of a recording: its body and headers in, an answer out."""


def refuse(body: bytes, headers: Mapping[str, str]) -> Answer:
    """There is no such address."""
    return Answer(404)


def document(body: str = "", *, snippet: str = SNIPPET, head: str = "") -> str:
    """A page with the snippet in it; `body` is HTML."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title>'
        f'<link rel="icon" href="data:,">{head}{snippet}</head><body>{body}</body></html>'
    )


class WebSite:
    """Serves `pages` (path to HTML), files under `folders`, the scripts and their addresses.

    `pages` and `folders` may change while it runs. Every path of `fallback` prefixes answers with
    the page of that prefix, as single-page applications want it. `page_headers` go with every page
    of `pages`; `got` holds what was asked for.
    """

    def __init__(self, script: Path, collector: Collector) -> None:
        self.pages: dict[str, str] = {}
        self.folders: dict[str, Path] = {}
        self.fallbacks: list[str] = []
        self.collector = collector
        self.recordings: Collector = refuse
        self.page_headers: dict[str, str] = {}
        self.got: list[str] = []
        self.script = script.read_bytes()
        self.replay = script.with_name("rum-replay.js")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.base = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def get(self, path: str) -> Answer:
        if path == "/vigie/rum.js":
            return Answer(200, {"content-type": "text/javascript"}, self.script)
        if path == "/vigie/rum-replay.js":
            return Answer(200, {"content-type": "text/javascript"}, self.replay.read_bytes())
        if path in self.pages:
            return _html(self.pages[path], self.page_headers)
        for prefix, folder in self.folders.items():
            file = folder / path.removeprefix(prefix).lstrip("/")
            file = file / "index.html" if file.is_dir() else file
            if path.startswith(prefix) and file.is_file():
                kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
                return Answer(200, {"content-type": kind}, file.read_bytes())
        for prefix in self.fallbacks:
            if path.startswith(prefix):
                return _html(self.pages[prefix])
        return Answer(404)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.got.append(self.path)
                self._reply(site.get(self.path.partition("?")[0]))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                takers = {
                    "/vigie/rum/v1/beacon": site.collector,
                    "/vigie/rum/v1/replay": site.recordings,
                }
                self._reply(takers.get(self.path, refuse)(body, headers))

            def _reply(self, answer: Answer) -> None:
                try:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    if answer.status != 204:
                        self.send_header("content-length", str(len(answer.body)))
                    self.end_headers()
                    self.wfile.write(answer.body)
                except ConnectionError:
                    self.close_connection = True  # the page was left: nobody reads this any more

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        return Handler


def _html(text: str, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(
        200, {"content-type": "text/html; charset=utf-8"} | dict(headers or {}), text.encode()
    )
