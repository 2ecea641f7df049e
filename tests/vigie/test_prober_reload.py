"""A running prober, a real process, takes monitors of the console up and lets them go, while the
others keep their rhythm."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from probes.monitor import Monitor
from probes.result import CheckResult, MonitorDefinition
from store.journal_reader import read_frames, segments
from store.records import Record, decode
from tests.support.waiting import wait_for
from vigie.folders import DataFolder
from vigie.own_monitors import MONITORS, set_paused
from vigie.prober_process import Watched

SETTINGS = """
[[monitors]]
id = "steady"
url = "http://127.0.0.1:1/"
interval_s = 1
timeout_s = 0.5
"""
INTERVAL_US = 1_000_000
NOW = datetime.now(UTC)


def own(id_: str, url: str = "http://192.0.2.1/", **fields: float) -> Monitor:
    return Monitor(id=id_, url=url, **{"interval_s": 1.0, "timeout_s": 0.2, **fields})  # type: ignore[arg-type]


class Probing:
    """`vigie prober` over a data folder, and what it wrote down."""

    def __init__(self, root: Path) -> None:
        self.folder = DataFolder(root / "data")
        (root / "vigie.toml").write_text(SETTINGS)
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "vigie", "prober", "--data", "data"]
        with (self._root / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._root, stdout=log, stderr=log)

    def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(30) == 0, self.log()

    def kill(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(30)

    def log(self) -> str:
        return (self._root / "log").read_text()

    def records(self) -> list[Record]:
        return [
            decode(frame.payload)
            for segment in segments(self.folder.journal)
            for frame in read_frames(segment.path, 0, 10_000_000).frames
        ]

    def results(self, id_: str) -> list[CheckResult]:
        found = [each for each in self.records() if isinstance(each, CheckResult)]
        return [each for each in found if each.monitor == id_]

    def definitions(self, id_: str) -> list[MonitorDefinition]:
        found = [each for each in self.records() if isinstance(each, MonitorDefinition)]
        return [each for each in found if each.monitor.id == id_]

    def wait_for_results(self, id_: str, more: int = 1) -> None:
        wanted = len(self.results(id_)) + more
        wait_for(lambda: len(self.results(id_)) >= wanted, f"{more} results of {id_}")


@pytest.fixture
def probing(tmp_path: Path) -> Iterator[Probing]:
    running = Probing(tmp_path)
    yield running
    running.kill()


def test_monitors_come_and_go_without_disturbing_the_others(probing: Probing) -> None:
    folder = probing.folder
    probing.start()
    probing.wait_for_results("steady", 2)

    MONITORS.add(folder, own("new"), NOW)
    probing.wait_for_results("new")
    assert probing.definitions("new")[0].monitor.guarded

    version = MONITORS.read(folder).things[0].version
    MONITORS.edit(folder, own("new", timeout_s=0.3), version, NOW)
    wait_for(lambda: len(probing.definitions("new")) == 2, "the edited definition")
    set_paused(folder, "new", True, NOW)
    wait_for(lambda: probing.definitions("new")[-1].monitor.paused, "the pause")
    set_paused(folder, "new", False, NOW)
    wait_for(lambda: not probing.definitions("new")[-1].monitor.paused, "the end of the pause")
    probing.wait_for_results("new")
    MONITORS.remove(folder, "new", NOW)
    wait_for(lambda: probing.definitions("new")[-1].removed, "the removal")
    probing.wait_for_results("steady", 2)
    probing.stop()

    steady = probing.results("steady")
    assert len(probing.definitions("steady")) == 1
    turns = [round((each.due_us - steady[0].due_us) / INTERVAL_US) for each in steady]
    assert turns == list(range(len(steady))), "no turn twice, none left out"


def test_a_damaged_file_changes_nothing_and_is_told(probing: Probing) -> None:
    MONITORS.add(probing.folder, own("mine"), NOW)
    probing.start()
    probing.wait_for_results("mine")
    path = probing.folder.root / "monitors.json"
    whole = path.read_bytes()
    path.write_text("nonsense")
    wait_for(lambda: "the monitors stay as they are" in probing.log(), "the damage to be told")
    probing.wait_for_results("mine")
    probing.stop()

    probing.start()
    probing.wait_for_results("mine")
    path.write_bytes(whole)
    MONITORS.remove(probing.folder, "mine", NOW)
    wait_for(lambda: probing.definitions("mine")[-1].removed, "the removal")
    probing.stop()


def test_a_monitor_removed_while_nothing_ran_is_ended_at_the_next_start(probing: Probing) -> None:
    probing.start()
    probing.wait_for_results("steady")
    MONITORS.add(probing.folder, own("late"), NOW)
    probing.wait_for_results("late")
    probing.stop()
    MONITORS.remove(probing.folder, "late", NOW)
    probing.start()
    wait_for(lambda: probing.definitions("late")[-1].removed, "its end")
    probing.wait_for_results("steady")
    probing.stop()
    watched = msgspec.json.decode((probing.folder.root / "watched.json").read_bytes(), type=Watched)
    assert [each.id for each in watched.monitors] == ["steady"]
