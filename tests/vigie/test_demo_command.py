"""`vigie demo` starts, ends at Ctrl-C, starts again without making its history anew, and moves to
free ports where its own are taken."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from vigie.demo import demo_folder
from vigie.demo.addresses import open_demo_sockets
from vigie.demo.demo_folder import Held
from vigie.folders import address_of
from vigie.process import listen

LINK = re.compile(r"http://127\.0\.0\.1:\d+/sign-in\?token=\S+")
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `vigie demo` on one folder, with a day of history and any ports."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        options = ("--data", str(tmp_path / "demo"), "--port-base", "0", "--days", "1")
        process = subprocess.Popen(
            (sys.executable, "-m", "vigie", "demo", *options, *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"COLUMNS": "200"},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=60)


def said_until(process: "subprocess.Popen[str]", pattern: re.Pattern[str]) -> tuple[str, str]:
    """What the process says up to a line with the pattern; and what the pattern matched."""
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if match := pattern.search(line):
            return said, match[0]
    pytest.fail(f"it ended without saying {pattern.pattern}:\n{said}")


def end(process: "subprocess.Popen[str]") -> str:
    """Ctrl-C, and what is said after it."""
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return said


def test_the_link_opens_the_console_and_a_second_start_keeps_the_history(
    start: Start, tmp_path: Path
) -> None:
    said, link = said_until(first := start(), LINK)
    assert "Generated" in said
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=60) as browser:
        assert browser.get(link).status_code == 200
        home = browser.get(httpx.URL(link).copy_with(path="/", query=None))
    assert home.status_code == 200
    assert "Tilleul" in home.text
    assert "generated" in home.text.lower()
    refused = start()
    assert "already runs on the data folder" in refused.communicate(timeout=60)[0]
    assert refused.returncode == 1
    assert "The demo has ended." in end(first)
    said, _ = said_until(second := start(), LINK)
    assert "Generated" not in said
    end(second)
    assert "Traceback" not in (tmp_path / "demo" / "demo.log").read_text()


def test_a_history_that_was_interrupted_is_made_again(start: Start, tmp_path: Path) -> None:
    first = start()
    said_until(first, re.compile("Making a history"))
    first.kill()
    first.communicate()
    assert demo_folder.held_by(tmp_path / "demo") == (Held.UNFINISHED, None)
    said, _ = said_until(second := start(), LINK)
    assert "left unfinished" in said
    assert "Generated" in said
    end(second)


def test_a_folder_that_is_not_a_demos_is_refused(start: Start, tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "thesis.txt").write_text("years of work")
    process = start("--fresh")
    assert "not a demo's" in process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["thesis.txt"]


def test_a_taken_port_is_left_for_a_free_one_and_said() -> None:
    taken = listen("127.0.0.1", 0)
    port = address_of(taken).port
    sockets = open_demo_sockets(port)
    collector, _, _ = sockets.addresses()
    assert collector.port != port
    assert any(f"port {port} is taken" in words for words in sockets.moved)
    sockets.close()
    taken.close()


def test_the_demo_listens_on_this_machine_only() -> None:
    sockets = open_demo_sockets(0)
    assert {address.host for address in sockets.addresses()} == {"127.0.0.1"}
    assert not sockets.moved
    sockets.close()
