"""A writer leaves a segment that holds anything when it is old, or when somebody asks."""

import asyncio
import time
from pathlib import Path

from store.journal_reader import segments
from store.journal_rolling import request_roll, roll_due, roll_requested_us
from store.journal_writer import JournalWriter
from tests.store.test_journal_writes import read_all, refusal
from tests.support.waiting import wait_for


def growing(folder: Path) -> list[str]:
    return [segment.name for segment in segments(folder) if segment.last]


def test_an_idle_writer_leaves_an_old_segment(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "collector", segment_age_max_s=0.0)
    first = growing(tmp_path)
    asyncio.run(writer.write(refusal(1)))
    wait_for(lambda: growing(tmp_path) != first, "a new segment")
    asyncio.run(writer.write(refusal(2)))
    writer.close()
    assert read_all(tmp_path) == [refusal(1), refusal(2)]


def test_a_writer_that_is_asked_leaves_its_segment_once(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "collector")
    asyncio.run(writer.write(refusal(1)))
    first = growing(tmp_path)
    request_roll(tmp_path, time.time_ns() // 1000)
    wait_for(lambda: growing(tmp_path) != first, "a new segment")
    second = growing(tmp_path)
    asyncio.run(writer.write(refusal(2)))
    writer.close()
    assert growing(tmp_path) == second, "begun after the request, so it may grow"
    assert read_all(tmp_path) == [refusal(1), refusal(2)]


def test_an_empty_segment_is_never_left(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "collector", segment_age_max_s=0.0)
    before = growing(tmp_path)
    request_roll(tmp_path, time.time_ns() // 1000)
    asyncio.run(writer.write(refusal(1)))
    wait_for(lambda: growing(tmp_path) != before, "a new segment after the first record")
    emptied = growing(tmp_path)
    looks = []
    wait_for(lambda: looks.append(1) or len(looks) > 30, "a while")  # type: ignore[func-returns-value]
    assert growing(tmp_path) == emptied
    writer.close()


def test_a_segment_is_left_by_age_or_request_and_not_before(tmp_path: Path) -> None:
    assert roll_requested_us(tmp_path) == 0
    assert not roll_due(tmp_path, 10_000_000, 10_999_999, 1.0)
    assert roll_due(tmp_path, 10_000_000, 11_000_000, 1.0)
    assert roll_due(tmp_path, 10_000_000, 8_000_000, 1.0), "the clock was set back"
    request_roll(tmp_path, 10_500_000)
    assert roll_due(tmp_path, 10_000_000, 10_600_000, 1.0)
    assert not roll_due(tmp_path, 10_600_000, 10_700_000, 1.0)
    (tmp_path / "roll").write_text("rubbish")
    assert roll_requested_us(tmp_path) == 0
