"""A collector and a console that nobody restarts but the test, which kills them when it likes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.ports import free_port
from tests.support.serving import ORIGIN, SITE_KEY, answers

NAMES = ("collector", "console")
SETTINGS = """
[collector]
host = "127.0.0.1"
port = {collector}
late_h = 100

[console]
port = {console}

[store]
hot_days = 1

[[sites]]
id = "shop"
key = "{key}"
origins = ["{origin}"]
keep = 1.0

[sites.replay]
rate = 1.0
"""


class Unsupervised:
    """Both processes, their data folder, and what they last said."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.log = folder / "processes.log"
        self.config = folder / "vigie.toml"
        ports = {name: free_port() for name in NAMES}
        self.config.write_text(SETTINGS.format(**ports, key=SITE_KEY, origin=ORIGIN))
        self.urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        with self.log.open("ab") as output:
            self._running[name] = subprocess.Popen(
                [
                    *(sys.executable, "-m", "vigie", name),
                    *("--config", str(self.config), "--data", str(self.data)),
                ],
                stdout=output,
                stderr=output,
            )

    def kill(self, name: str) -> None:
        """kill -9; AssertionError when it had ended by itself."""
        process = self._running.pop(name)
        assert process.poll() is None, self.log.read_text()[-5000:]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> dict[str, int]:
        """SIGTERM to the collector, then to the console; their exit codes."""
        return {name: self._stop(name) for name in NAMES if name in self._running}

    def _stop(self, name: str) -> int:
        process = self._running.pop(name)
        process.terminate()
        return process.wait(90)

    def answers(self, name: str) -> bool:
        return answers(f"{self.urls[name]}/health")

    def api(self, method: str, path: str, **params: str) -> httpx.Response:
        """Ask the console's API. Raises httpx.TransportError; OSError before its first start."""
        token = (self.data / "run" / "console-token").read_text().strip()
        return httpx.request(
            method,
            f"{self.urls['console']}{path}",
            params=params,
            headers={"authorization": f"Bearer {token}"},
            timeout=60,
        )

    def end(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()


@contextmanager
def unsupervised(folder: Path) -> Iterator[Unsupervised]:
    """Both started; whatever still runs at the end is killed."""
    both = Unsupervised(folder)
    try:
        for name in NAMES:
            both.start(name)
        yield both
    finally:
        both.end()
