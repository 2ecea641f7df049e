"""What the journal asks of the kernel: fdatasync before each acknowledgement, and what a failing
disk does to it."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from store.frames import FrameProblem
from store.journal_reader import read_frames, segments
from tests.support.processes import end_group

LINES_MAX = 50_000
CHILD = [sys.executable, "-m", "tests.support.journal_child"]


@pytest.fixture
def strace() -> str:
    path = shutil.which("strace")
    if path is None:
        pytest.fail("no strace: run ./scripts/test, or apt-get install strace")
    return path


def traced(
    strace: str, folder: Path, log: Path, *how: str, enough: Callable[[list[str]], bool]
) -> list[str]:
    """What the child says under strace until that is enough; its whole group then ends."""
    child = subprocess.Popen(
        [strace, "-f", "-s", "200", "-o", str(log), *how, *CHILD, str(folder), "0"],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert child.stdout is not None
    said: list[str] = []
    while not enough(said):
        assert len(said) < LINES_MAX
        said.append(child.stdout.readline())
    end_group(child.pid, signal.SIGKILL)
    child.stdout.close()
    child.wait(60)
    return said


def forty(said: list[str]) -> bool:
    """And the one after them: a line may be read before strace has written down what wrote it."""
    return len(said) > 40


def recovered(said: list[str]) -> bool:
    """Acknowledged again after something was refused."""
    refused = any(line.startswith("refused") for line in said)
    return refused and said[-1].startswith("acknowledged")


def test_nothing_is_acknowledged_before_its_fdatasync(strace: str, tmp_path: Path) -> None:
    log = tmp_path / "trace"
    traced(strace, tmp_path / "journal", log, "-e", "trace=write,fdatasync", enough=forty)
    synced = acknowledged = 0
    written_since = False
    journal = 0
    for line in log.read_text().splitlines():
        if re.search(r" write\(\d+, \"acknowledged", line):
            acknowledged += 1
            assert not written_since, "acknowledged before the fdatasync of what was written"
        elif re.search(r" write\((?!1,|2,)\d+, .*malformed", line):
            written_since = True
            journal += 1
        elif re.search(r"fdatasync.*= 0$", line):
            written_since = False
            synced += 1
    assert acknowledged >= 40
    assert synced >= 5
    assert journal >= 5


def test_a_failing_fdatasync_is_refused_and_its_segment_left(strace: str, tmp_path: Path) -> None:
    inject = ("-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=3")
    said = traced(strace, tmp_path / "journal", tmp_path / "trace", *inject, enough=recovered)
    refused = [line for line in said if line.startswith("refused")]
    assert refused
    assert all("write_failed" in line for line in refused)
    assert said[-1].startswith("acknowledged"), "it goes on in a new segment without a restart"
    listed = segments(tmp_path / "journal")
    assert len(listed) >= 2
    problems = {read_frames(segment.path, 0).problem for segment in listed}
    assert problems <= {None, FrameProblem.TORN}
