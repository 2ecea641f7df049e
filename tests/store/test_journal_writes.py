"""A write returns once its record is on disk, and what is on disk reads back as written."""

import asyncio
import os
from pathlib import Path

import pytest

from rum.records import Reason, Refusal
from store.journal_reader import read_frames, segments
from store.journal_writer import JournalInUseError, JournalWriter, write_segments
from store.records import Record, decode


def refusal(number: int) -> Refusal:
    return Refusal(received_us=number, reason=Reason.MALFORMED, detail="x" * (number % 300))


def read_all(folder: Path) -> list[Record]:
    records: list[Record] = []
    for segment in segments(folder):
        position = 0
        while (read := read_frames(segment.path, position, 1000)).frames:
            records += [decode(frame.payload) for frame in read.frames]
            position = read.end
        assert read.problem is None
    return records


async def write_all(writer: JournalWriter, records: list[Refusal]) -> None:
    await asyncio.gather(*(writer.write(record) for record in records))


def test_records_are_read_back_in_the_order_written(tmp_path: Path) -> None:
    records = [refusal(number) for number in range(500)]
    writer = JournalWriter(tmp_path, "collector")
    asyncio.run(write_all(writer, records))
    assert read_all(tmp_path) == records
    writer.close()


def test_a_write_returns_only_after_its_sync(tmp_path: Path) -> None:
    happened: list[str] = []

    def sync(descriptor: int) -> None:
        os.fdatasync(descriptor)
        happened.append(f"synced {os.fstat(descriptor).st_size > 0}")

    async def write_one(writer: JournalWriter) -> None:
        await writer.write(refusal(1))
        happened.append("returned")

    writer = JournalWriter(tmp_path, "collector", sync=sync)
    asyncio.run(write_one(writer))
    assert happened == ["synced True", "returned"]
    writer.close()


def test_writers_that_wait_share_one_sync(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "collector")
    asyncio.run(write_all(writer, [refusal(number) for number in range(2000)]))
    metrics = writer.metrics()
    writer.close()
    assert metrics["journal_flushed_records_total"] == 2000
    assert metrics["journal_flushes_total"] < 200


def test_a_full_segment_is_followed_by_another(tmp_path: Path) -> None:
    async def write_in_turn(writer: JournalWriter) -> None:
        for number in range(40):
            await writer.write(refusal(number))

    writer = JournalWriter(tmp_path, "collector", segment_bytes_max=500)
    asyncio.run(write_in_turn(writer))
    writer.close()
    assert len(segments(tmp_path)) > 2
    assert read_all(tmp_path) == [refusal(number) for number in range(40)]


def test_each_start_begins_a_newer_segment_even_when_the_clock_went_back(tmp_path: Path) -> None:
    clock = iter([5_000, 3_000, 3_000])
    for number in range(3):
        writer = JournalWriter(tmp_path, "collector", clock_us=lambda: next(clock))
        asyncio.run(writer.write(refusal(number)))
        writer.close()
    found = segments(tmp_path)
    assert [segment.start_us for segment in found] == [5_000, 5_001, 5_002]
    assert [segment.last for segment in found] == [False, False, True]
    assert read_all(tmp_path) == [refusal(number) for number in range(3)]


def test_a_second_writer_of_the_same_name_is_told(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "collector")
    with pytest.raises(JournalInUseError, match="collector"):
        JournalWriter(tmp_path, "collector")
    other = JournalWriter(tmp_path, "prober-local")
    other.close()
    writer.close()
    JournalWriter(tmp_path, "collector").close()


def test_a_name_that_would_leave_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name"):
        JournalWriter(tmp_path, "../collector")


def test_bulk_records_read_back_like_any_others(tmp_path: Path) -> None:
    count = write_segments(
        tmp_path, "generated", (refusal(number) for number in range(3000)), start_us=7
    )
    assert count == 3000
    assert [segment.start_us for segment in segments(tmp_path)] == [7]
    assert read_all(tmp_path) == [refusal(number) for number in range(3000)]
