"""What a prober writes to the journal holds no secret, even of a target that echoes it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from probes.check import Checker, now_us
from probes.monitor import Monitor
from probes.request import Auth
from probes.result import MonitorDefinition
from store.journal_writer import JournalWriter

SECRET = "sup3r-secret-t0ken"


class Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = str(self.headers).encode()
        self.send_response(500)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def target() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def journaled(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("*.journal"))


@pytest.mark.anyio
async def test_not_even_when_the_target_sends_it_back(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBE_SECRET", SECRET)
    monitor = Monitor(id="m", url=target, auth=Auth(secret_env="PROBE_SECRET"))
    writer = JournalWriter(tmp_path, "prober")
    checker = Checker()
    try:
        result = await checker.check(monitor, due_us=now_us(), location="here")
        await writer.write(MonitorDefinition(monitor=monitor, from_us=now_us(), location="here"))
        await writer.write(result)
    finally:
        await checker.aclose()
        writer.close()
    written = journaled(tmp_path)
    assert b"PROBE_SECRET" in written
    assert b"uthorization: ***" in written
    assert SECRET.encode() not in written
