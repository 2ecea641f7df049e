"""The journal takes no more when the disk is low or the loader too far behind, and says which."""

import asyncio
import os
import shutil
import threading
from pathlib import Path

import pytest

from rum.records import Reason, Refusal
from store.admission import Admission, Unavailable, backlog_bytes, read_progress, write_progress
from store.journal_reader import segments
from store.journal_writer import JournalUnavailableError, JournalWriter

RECORD = Refusal(received_us=1, reason=Reason.MALFORMED, detail="x" * 100)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_backlog_over_the_limit_closes_the_journal_until_it_is_loaded(tmp_path: Path) -> None:
    clock = Clock()
    admission = Admission(tmp_path, 0, 500, clock)
    writer = JournalWriter(tmp_path, "collector", admit=admission)

    async def write_until_refused() -> JournalUnavailableError:
        for _ in range(100):
            clock.now_s += 2
            try:
                await writer.write(RECORD)
            except JournalUnavailableError as error:
                return error
        raise AssertionError("never refused")

    error = asyncio.run(write_until_refused())
    assert error.reason is Unavailable.BACKLOG_FULL
    assert not writer.healthy()
    (segment,) = segments(tmp_path)
    assert 500 < segment.bytes < 800
    write_progress(tmp_path, {segment.name: segment.bytes})
    clock.now_s += 2
    asyncio.run(writer.write(RECORD))
    assert writer.healthy()
    writer.close()


def test_a_low_disk_closes_the_journal(tmp_path: Path) -> None:
    admission = Admission(tmp_path, 2 * shutil.disk_usage(tmp_path).free, 10**12, Clock())
    writer = JournalWriter(tmp_path, "collector", admit=admission)
    with pytest.raises(JournalUnavailableError, match="disk_low"):
        asyncio.run(writer.write(RECORD))
    writer.close()


def test_it_is_measured_once_a_second_however_often_asked(tmp_path: Path) -> None:
    clock = Clock()
    admission = Admission(tmp_path, 0, 50, clock)
    assert admission() is None
    (tmp_path / "collector-00000000000000000001.journal").write_bytes(b"x" * 100)
    clock.now_s = 0.9
    assert admission() is None
    clock.now_s = 1.0
    assert admission() is Unavailable.BACKLOG_FULL


def test_the_backlog_is_what_progress_leaves_of_the_segments(tmp_path: Path) -> None:
    names = [f"collector-{start:020d}.journal" for start in (1, 2, 3)]
    for name in names:
        (tmp_path / name).write_bytes(b"x" * 100)
    assert backlog_bytes(tmp_path) == 300
    write_progress(tmp_path, {names[0]: 100, names[1]: 30, "gone-00000000000000000001.journal": 9})
    assert backlog_bytes(tmp_path) == 170


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"a":', b"\xff"])
def test_a_progress_file_that_is_none_counts_nothing_as_loaded(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "progress").write_bytes(content)
    assert read_progress(tmp_path) == {}


def test_a_closed_writer_refuses_and_keeps_what_waited(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "collector")

    async def write_and_close() -> None:
        waiting = [asyncio.create_task(writer.write(RECORD)) for _ in range(50)]
        await asyncio.sleep(0)  # each has handed its record over, none is acknowledged yet
        writer.close()
        await asyncio.gather(*waiting)
        with pytest.raises(JournalUnavailableError, match="closed"):
            await writer.write(RECORD)

    asyncio.run(write_and_close())
    assert not writer.healthy()
    assert segments(tmp_path)[0].bytes > 50 * 100


def test_what_waits_is_bounded(tmp_path: Path) -> None:
    released = threading.Event()

    def sync(descriptor: int) -> None:
        assert released.wait(30)
        os.fdatasync(descriptor)

    writer = JournalWriter(tmp_path, "collector", pending_bytes_max=1_000, sync=sync)

    async def write_many() -> list[BaseException | None]:
        writes = [asyncio.create_task(writer.write(RECORD)) for _ in range(100)]
        await asyncio.sleep(0)
        released.set()
        return await asyncio.gather(*writes, return_exceptions=True)

    results = asyncio.run(write_many())
    # At most what waits while one flush is under way, and what that flush had taken.
    assert 1 <= sum(error is None for error in results) <= 2 * 1_000 // 100
    assert all(
        isinstance(error, JournalUnavailableError) and error.reason is Unavailable.QUEUE_FULL
        for error in results
        if error is not None
    )
    asyncio.run(writer.write(RECORD))
    writer.close()
