"""What was acknowledged survives kill -9 and a full disk; what was not is never claimed."""

import random
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from rum.records import Refusal
from store.frames import FrameProblem
from store.journal_reader import read_frames, segments
from store.records import decode


def start(folder: Path, first: int, **more: object) -> subprocess.Popen[str]:
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", "tests.support.journal_child", str(folder), str(first)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        **more,
    )


def numbers_stored(folder: Path) -> list[int]:
    """The numbers of every good frame; a bad one may only be the tail of its segment."""
    stored: list[int] = []
    for segment in segments(folder):
        read = read_frames(segment.path, 0)
        for frame in read.frames:
            record = decode(frame.payload)
            assert isinstance(record, Refusal)
            stored.append(record.received_us)
        assert read.problem in (None, FrameProblem.TORN)
    return stored


def acknowledged_in(said: str) -> set[int]:
    return {
        int(line.split()[1])
        for line in said.splitlines(keepends=True)
        if line.startswith("acknowledged") and line.endswith("\n")
    }


def kill_again_and_again(folder: Path, times: int) -> None:
    moments = random.Random(8)
    acknowledged: set[int] = set()
    for run in range(times):
        child = start(folder, run * 1_000_000)
        assert child.stdout is not None
        said = "".join(child.stdout.readline() for _ in range(moments.randint(1, 400)))
        child.kill()
        said += child.stdout.read()
        child.stdout.close()
        child.wait()
        acknowledged |= acknowledged_in(said)
    stored = numbers_stored(folder)
    assert len(stored) == len(set(stored))
    assert acknowledged <= set(stored)
    assert len(acknowledged) > times


def test_acknowledged_records_survive_kill_9(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, 6)


@pytest.mark.long
def test_acknowledged_records_survive_many_kill_9(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, 100)


def limit_file_size() -> None:
    """No file over 10,000 bytes: the write that crosses it is cut short, the next one fails, just
    as on a full disk. (Python ignores SIGXFSZ.)"""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))


def test_a_write_cut_short_is_refused_and_hides_nothing_written_later(tmp_path: Path) -> None:
    child = start(tmp_path, 0, preexec_fn=limit_file_size)
    assert child.stdout is not None
    said: list[str] = []
    refused_at: int | None = None
    while refused_at is None or not said[-1].startswith("acknowledged"):
        line = child.stdout.readline()
        assert line, "the child ended"
        said.append(line)
        if line.startswith("refused") and refused_at is None:
            refused_at = len(said)
    child.kill()
    said.append(child.stdout.read())
    child.stdout.close()
    child.wait()
    stored = numbers_stored(tmp_path)
    assert acknowledged_in("".join(said)) <= set(stored)
    assert "write_failed" in "".join(said)
    problems = [read_frames(segment.path, 0).problem for segment in segments(tmp_path)]
    assert FrameProblem.TORN in problems[:-1], "the segment that failed was left as it was"
