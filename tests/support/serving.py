"""A real `vigie serve` in a process of its own, on ports of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.ports import free_port
from tests.support.waiting import wait_for

SITE_KEY = "test-site-key-0123456789"
ORIGIN = "http://site.test"

SETTINGS = """
[collector]
host = "127.0.0.1"
port = {collector}

[console]
port = {console}

[[sites]]
id = "shop"
key = "{key}"
origins = ["{origin}"]
"""


@dataclass
class Serving:
    """Where a running Vigie is, and what it is made of."""

    process: subprocess.Popen[bytes]
    data: Path
    config: Path
    log: Path
    collector: str
    console: str

    def children(self) -> dict[str, dict[str, Any]]:
        """The supervisor's own account of its children, by name."""
        path = self.data / "run" / "supervisor.json"
        if not path.exists():
            return {}
        listed = json.loads(path.read_text())["children"]
        return {child["name"]: child for child in listed}

    def kill(self, name: str) -> None:
        """kill -9 a child, and wait until the supervisor runs another in its place."""
        before = self.children()[name]["pid"]
        os.kill(before, signal.SIGKILL)
        wait_for(
            lambda: self.children()[name]["pid"] not in (None, before),
            f"another {name} after kill -9",
        )

    def stop(self) -> int:
        """SIGTERM to the supervisor; its exit code."""
        self.process.terminate()
        return self.process.wait(60)

    def get(self, path: str, **params: str) -> httpx.Response:
        """Ask the console's API, with the token it left for the CLI."""
        token = (self.data / "run" / "console-token").read_text().strip()
        return httpx.get(
            f"{self.console}{path}",
            params=params,
            headers={"authorization": f"Bearer {token}"},
            timeout=30,
        )


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code < 500
    except httpx.TransportError:
        return False


@contextmanager
def serving(folder: Path, *, more_settings: str = "") -> Iterator[Serving]:
    """`vigie serve` until the end of the block; whatever still runs then is killed.

    `more_settings` is TOML, in which {collector} and {console} stand for the ports.
    """
    collector, console = free_port(), free_port()
    config = folder / "vigie.toml"
    config.write_text(
        (SETTINGS + more_settings).format(
            collector=collector, console=console, key=SITE_KEY, origin=ORIGIN
        )
    )
    log = folder / "serve.log"
    data = folder / "data"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "vigie", "serve", "--config", str(config), "--data", str(data)],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    served = Serving(
        process,
        data,
        config,
        log,
        f"http://127.0.0.1:{collector}",
        f"http://127.0.0.1:{console}",
    )
    try:
        wait_for(
            lambda: (
                process.poll() is not None
                or (answers(f"{served.collector}/health") and answers(f"{served.console}/health"))
            ),
            "collector and console to answer",
        )
        assert process.poll() is None, log.read_text()
        yield served
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
