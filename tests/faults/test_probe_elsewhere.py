"""`vigie probe` and `vigie serve` as real processes: the link cut, both sides killed, and every
result stored exactly once."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from store.admission import backlog_bytes
from store.database import Database
from tests.support.serving import serving
from tests.support.waiting import wait_for
from tests.support.way import way_to
from vigie.distant.tokens import new_location_token, token_sha256

TOKEN = new_location_token()
SETTINGS = """
[[locations]]
name = "paris"
token_sha256 = "{hash}"
"""
MONITOR = """
[[monitors]]
id = "{id}"
url = "{url}"
interval_s = 1
timeout_s = 0.9
locations = ["paris"]
"""
MONITORS = ("one", "two", "three")


class Target(ThreadingHTTPServer):
    """Counts what it is asked, by path."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def total(self) -> int:
        with self.lock:
            return sum(self.asked.values())


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Target)
        with self.server.lock:
            self.server.asked[self.path.strip("/")] += 1
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def target() -> Iterator[Target]:
    target = Target()
    yield target
    target.shutdown()
    target.server_close()


class Remote:
    """A `vigie probe` that can be killed and started again on its data folder."""

    def __init__(self, folder: Path, to: str) -> None:
        self.data = folder / "remote"
        self.log = folder / "remote.log"
        self._to = to
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "vigie", "probe", "--location", "paris"),
                    *("--to", self._to, "--data", str(self.data)),
                ],
                env={**os.environ, "VIGIE_LOCATION_TOKEN": TOKEN},
                stdout=output,
                stderr=output,
            )

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)


@contextmanager
def remote_on(folder: Path, to: str) -> Iterator[Remote]:
    remote = Remote(folder, to)
    try:
        yield remote
    finally:
        if remote.process.poll() is None:
            remote.kill()


def test_nothing_is_lost_or_doubled_when_the_link_and_both_sides_fail(
    tmp_path: Path, target: Target
) -> None:
    settings = SETTINGS.replace("{hash}", token_sha256(TOKEN)) + "".join(
        MONITOR.replace("{id}", each).replace("{url}", f"{target.url}/{each}") for each in MONITORS
    )

    def more(count: int, what: str) -> None:
        before = target.total()
        wait_for(lambda: target.total() >= before + count, f"{count} more checks {what}")

    kills = 0
    with serving(tmp_path, more_settings=settings) as served:
        with (
            way_to(urlsplit(served.collector).port or 0) as way,
            remote_on(tmp_path, way.url) as remote,
        ):
            more(6, "at first")
            served.kill("collector")
            more(6, "after the collector was killed")
            way.cut()
            more(6, "while the link is down")
            remote.kill()
            remote.start()
            kills += 1
            more(6, "by a prober that never reached its collector since its start")
            way.mend()
            way.deaf = True
            wait_for(lambda: way.lost >= 1, "an answer to get lost")
            remote.kill()
            way.deaf = False
            remote.start()
            kills += 1
            more(6, "after the link was mended")
            served.kill("console")
            assert remote.stop() == 0, remote.log.read_text()
            asked = Counter(target.asked)
        assert served.stop() == 0, served.log.read_text()

    database = Database(served.data / "store")
    rows = (
        database.cursor()
        .execute(
            "SELECT monitor, location, epoch_us(due), outcome, count(*) FROM checks GROUP BY ALL"
        )
        .fetchall()
    )
    database.close()
    assert {location for _, location, *_ in rows} == {"paris"}
    assert all(times == 1 for *_, times in rows), "a result is stored twice"
    good = Counter(monitor for monitor, _, _, outcome, _ in rows if outcome == "ok")
    for monitor in MONITORS:
        # A check under way when its prober was killed or stopped has no result.
        assert asked[monitor] - 2 * kills - 2 <= good[monitor] <= asked[monitor]
    assert backlog_bytes(remote.data / "journal") == 0, "the last delivery left something"
