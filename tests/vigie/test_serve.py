"""`vigie serve` from end to end: a beacon becomes a figure, and every way to end is a clean one."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.beacons import beacon, post, view
from tests.support.ports import free_port
from tests.support.processes import alive
from tests.support.waiting import wait_for
from vigie.folders import DataFolder
from vigie.supervisor_status import SupervisorStatus, read_status

KEY = "test-key"
ORIGIN = "http://shop.test"
SETTINGS = f"""
[collector]
host = "127.0.0.1"
port = 0

[console]
port = 0

[[sites]]
id = "shop"
key = "{KEY}"
origins = ["{ORIGIN}"]
"""


class Served:
    """A `vigie serve` of its own, on whatever ports were free."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        (folder / "vigie.toml").write_text(SETTINGS)
        self.log = folder / "serve.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "vigie", "serve", "--data", "data", *arguments],
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def url(self, name: str) -> str:
        return DataFolder(self.data).addresses()[name].url

    def status(self) -> SupervisorStatus:
        status = read_status(self.data / "run")
        assert status is not None
        return status

    def pids(self) -> dict[str, int]:
        return {child.name: child.pid for child in self.status().children if child.pid}

    def answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        addresses = DataFolder(self.data).addresses()
        return addresses.keys() >= {"collector", "console"} and all(
            _healthy(each.url) for each in addresses.values()
        )

    def report(self, name: str, *arguments: str) -> Any:
        """What `vigie report NAME --json` prints, or its error as a text."""
        done = self.vigie("report", name, "--data", "data", "--json", *arguments)
        assert "Traceback" not in done.stderr, done.stderr
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr

    def vigie(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "vigie", *arguments],
            cwd=self.folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )


def _healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[Served]:
    running = Served(folder, *arguments)
    try:
        wait_for(running.answers, "collector and console to answer")
        yield running
    finally:
        if running.process.poll() is None:
            running.process.terminate()
            running.process.wait(60)


def walk(running: Served) -> None:
    """One visitor's two pages, acknowledged."""
    at_ms = time.time() * 1000
    events = [view("/a", at_ms=at_ms - 2000), view("/b", at_ms=at_ms - 1000, number=2)]
    session = f"{secrets.token_hex(12)}00000000"  # in every sample
    with httpx.Client(timeout=60, trust_env=False) as client:
        answer = post(
            client,
            running.url("collector"),
            beacon(KEY, session, 1 << 20, events, level="novice"),
            ORIGIN,
        )
    assert answer.status_code == 204, answer.text


FUNNEL = {"steps": "page:/a,page:/b", "days": "1"}


def reached(running: Served) -> list[int]:
    """How many sessions reached each step of /a, /b; asked of the console."""
    token = (running.data / "run" / "console-token").read_text().strip()
    answer = httpx.get(
        f"{running.url('console')}/api/v1/reports/funnel",
        params=FUNNEL,
        headers={"authorization": f"Bearer {token}"},
        timeout=60,
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    return [step["reached"] for step in answer.json()["everyone"]["steps"]]


def reached_says_command(running: Served) -> list[int]:
    report = running.report("funnel", "--steps", FUNNEL["steps"], "--days", FUNNEL["days"])
    assert isinstance(report, dict), report
    return [step["reached"] for step in report["everyone"]["steps"]]


def until_reached(running: Served, wanted: list[int]) -> None:
    seen: list[list[int]] = []

    def as_wanted() -> bool:
        seen.append(reached(running))
        return seen[-1] == wanted

    try:
        wait_for(as_wanted, f"{wanted} in the funnel")
    except AssertionError as error:
        raise AssertionError(f"{error}; last {seen[-1]}; {running.log.read_text()}") from error


def test_a_beacon_becomes_a_figure_and_survives_the_death_and_the_end_of_all(
    tmp_path: Path,
) -> None:
    with served(tmp_path, "--collectors", "2") as running:
        assert set(running.pids()) == {"collector-1", "collector-2", "prober", "console"}
        walk(running)
        until_reached(running, [1, 1])
        assert reached_says_command(running) == [1, 1]
        table = running.vigie("report", "funnel", "--data", "data", "--steps", "page:/a,page:/b")
        assert table.returncode == 0, table.stderr
        assert "novice" in table.stdout

        before = running.pids()
        for name in ("collector-1", "collector-2"):
            os.kill(before[name], signal.SIGKILL)
        wait_for(
            lambda: not any(alive(before[name]) for name in ("collector-1", "collector-2")),
            "both collectors to be dead",
        )
        walk(running)  # refused by nobody: it waits for the next collector

        def again() -> bool:
            pids = running.pids()
            return pids.keys() == before.keys() and not pids.items() & {
                (name, before[name]) for name in ("collector-1", "collector-2")
            }

        wait_for(again, "both collectors to run again")
        children = {child.name: child for child in running.status().children}
        for name in ("collector-1", "collector-2"):
            assert children[name].restarts == 1
            assert children[name].last_exit == "killed by SIGKILL"
        until_reached(running, [2, 2])

        walk(running)
        pids = running.pids()
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(60) == 0, running.log.read_text()
        assert not any(alive(pid) for pid in pids.values())
        said = running.log.read_text()
        assert "collector-1 | " in said
        assert "console     | " in said
        assert "Traceback" not in said
        # What was acknowledged just before the end was loaded by it; the store itself says so.
        assert reached_says_command(running) == [3, 3]


def test_a_second_serve_on_one_data_folder_is_refused_and_disturbs_nothing(tmp_path: Path) -> None:
    with served(tmp_path) as running:
        pids = running.pids()
        second = running.vigie("serve", "--data", "data")
        assert second.returncode == 1
        assert f"Vigie already runs on the data folder data (process {running.process.pid})" in (
            second.stderr
        )
        third = running.vigie("console", "--data", "data")
        assert third.returncode == 1
        assert "is open in another process" in third.stderr
        assert running.pids() == pids

        link = running.vigie("sign-in", "--data", "data").stdout.strip()
        assert link.startswith(running.url("console"))
        with httpx.Client(follow_redirects=True, timeout=60, trust_env=False) as browser:
            assert browser.get(running.url("console")).status_code in (401, 403)
            browser.get(link)
            assert browser.get(running.url("console")).status_code == 200

        # Killed outright, it takes its processes with it, and the folder is free again.
        running.process.kill()
        running.process.wait(60)
        wait_for(lambda: not any(map(alive, pids.values())), "the orphans to end by themselves")
    with served(tmp_path) as again:
        assert again.pids().keys() == pids.keys()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (tmp_path / "vigie.toml").write_text(
            f'[collector]\nhost = "127.0.0.1"\nport = {free_port()}\n[console]\nport = {port}\n'
        )
        done = subprocess.run(
            [sys.executable, "-m", "vigie", "serve"],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr == (
        f"error: cannot listen on 127.0.0.1, port {port}: Address already in use\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["report", "uptime"], 2, "there is no data folder vigie-data"),
        (["report", "uptime", "--data", "."], 1, "holds no store yet; start vigie serve first"),
        (["report", "uptime", "--json", "--csv"], 2, "give --json or --csv, not both"),
        (["serve"], 1, "vigie.toml: there is no such file; make one: vigie init"),
    ],
)
def test_a_command_that_cannot_be_done_says_why_in_a_line(
    tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vigie", *arguments],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
