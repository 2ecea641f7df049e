"""The prober's process: results reach the journal, and a monitor taken out is watched no longer."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.result import CheckResult, MonitorDefinition
from store.journal_reader import read_frames, segments
from store.records import Record, decode
from tests.support.waiting import wait_for
from vigie.folders import DataFolder
from vigie.prober_process import run_prober
from vigie.settings import ProberSettings, Settings


@pytest.fixture
def refusing() -> Iterator[str]:
    """An address nobody answers on: bound, never listening."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/"


def records(folder: DataFolder) -> list[Record]:
    return [
        decode(frame.payload)
        for segment in segments(folder.journal)
        for frame in read_frames(segment.path, 0, 10_000_000).frames
    ]


def probe_until_each_has_a_result(settings: Settings, folder: DataFolder) -> list[Record]:
    """Run the prober until every monitor has one more result; the records this run wrote."""
    before = len(records(folder))
    wanted = {monitor.id for monitor in settings.monitors}

    async def run() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(run_prober(settings, folder, stop))

        def all_checked() -> bool:
            new = records(folder)[before:]
            return {each.monitor for each in new if isinstance(each, CheckResult)} >= wanted

        await asyncio.to_thread(wait_for, all_checked, "a result of each monitor")
        stop.set()
        await task

    asyncio.run(run())
    return records(folder)[before:]


def settings_of(*ids: str, url: str, location: str = "here") -> Settings:
    return Settings(
        prober=ProberSettings(location=location),
        monitors=tuple(Monitor(id=each, url=url, interval_s=1, timeout_s=0.95) for each in ids),
    )


def definitions(written: list[Record]) -> list[tuple[str, str, bool]]:
    return sorted(
        (each.monitor.id, each.location, each.removed)
        for each in written
        if isinstance(each, MonitorDefinition)
    )


def test_what_is_watched_and_found_reaches_the_journal(tmp_path: Path, refusing: str) -> None:
    folder = DataFolder(tmp_path)
    written = probe_until_each_has_a_result(settings_of("a", "b", url=refusing), folder)
    results = [each for each in written if isinstance(each, CheckResult)]
    assert {each.outcome for each in results} == {Outcome.CONNECT_REFUSED}
    assert definitions(written) == [("a", "here", False), ("b", "here", False)]


def test_a_monitor_taken_out_of_the_settings_is_ended_once(tmp_path: Path, refusing: str) -> None:
    folder = DataFolder(tmp_path)
    probe_until_each_has_a_result(settings_of("a", "b", url=refusing), folder)
    without = settings_of("b", url=refusing)
    assert definitions(probe_until_each_has_a_result(without, folder)) == [
        ("a", "here", True),
        ("b", "here", False),
    ]
    assert definitions(probe_until_each_has_a_result(without, folder)) == [("b", "here", False)]
    moved = settings_of("b", url=refusing, location="there")
    assert definitions(probe_until_each_has_a_result(moved, folder)) == [
        ("b", "here", True),
        ("b", "there", False),
    ]


def test_a_second_prober_on_one_data_folder_is_refused(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)

    async def run() -> None:
        stop = asyncio.Event()
        first = asyncio.create_task(run_prober(Settings(), folder, stop))
        await asyncio.to_thread(
            wait_for, (tmp_path / "watched.json").exists, "the first prober to have begun"
        )
        with pytest.raises(OSError, match="another process writes the journal of prober"):
            await run_prober(Settings(), folder, stop)
        stop.set()
        await first

    asyncio.run(run())
