"""Monitors of the console are kept: none lost to a change made at once, removed ones for a while,
and those of the settings file stand before them."""

import multiprocessing
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from probes.monitor import Monitor
from vigie.folders import DataFolder
from vigie.own_monitors import MONITORS, all_monitors, read_own_monitors, set_paused
from vigie.own_settings import OwnSettings
from vigie.own_things import RESTORABLE, Change, UnreadableError
from vigie.settings import Settings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT_ONCE = 4
EACH = 10


def monitor(id_: str, url: str = "https://www.example.org/") -> Monitor:
    return Monitor(id=id_, url=url, name=id_.title())


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path)


def add_some(root: Path, name: str) -> None:
    folder = DataFolder(root)
    for number in range(EACH):
        assert MONITORS.add(folder, monitor(f"{name}-{number}"), NOW) is Change.DONE


def test_changes_made_at_once_by_several_processes_are_all_kept(folder: DataFolder) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=add_some, args=(folder.root, f"w{number}"))
        for number in range(AT_ONCE)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    kept = MONITORS.read(folder)
    assert len(kept.things) == kept.changes == AT_ONCE * EACH
    assert len({each.version for each in kept.things}) == AT_ONCE * EACH


def test_what_is_kept_is_for_its_owner_only_and_guarded(folder: DataFolder) -> None:
    MONITORS.add(folder, monitor("a"), NOW)
    path = folder.root / "monitors.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.guarded for each in read_own_monitors(folder)] == [True]
    path.write_bytes(path.read_bytes().replace(b'"guarded": true', b'"guarded": false'))
    assert [each.guarded for each in read_own_monitors(folder)] == [True]


def test_of_two_edits_of_one_version_the_second_is_told(folder: DataFolder) -> None:
    MONITORS.add(folder, monitor("a"), NOW)
    read = MONITORS.read(folder).things[0]
    one, two = monitor("a", "https://one.test/"), monitor("a", "https://two.test/")
    assert MONITORS.edit(folder, one, read.version, NOW) is Change.DONE
    assert MONITORS.edit(folder, two, read.version, NOW) is Change.OUTDATED
    now = MONITORS.read(folder).things[0]
    assert now.thing.url == "https://one.test/"
    assert MONITORS.edit(folder, two, now.version, NOW) is Change.DONE


def test_pausing_counts_as_an_edit(folder: DataFolder) -> None:
    MONITORS.add(folder, monitor("a"), NOW)
    version = MONITORS.read(folder).things[0].version
    assert set_paused(folder, "a", True, NOW) is Change.DONE
    assert read_own_monitors(folder)[0].paused
    assert MONITORS.edit(folder, monitor("a"), version, NOW) is Change.OUTDATED
    assert set_paused(folder, "nobody", True, NOW) is Change.GONE


def test_a_removed_monitor_can_be_had_back_for_a_while(folder: DataFolder) -> None:
    MONITORS.add(folder, monitor("a"), NOW)
    assert MONITORS.remove(folder, "a", NOW) is Change.DONE
    assert MONITORS.remove(folder, "a", NOW) is Change.GONE
    assert read_own_monitors(folder) == ()
    assert MONITORS.restore(folder, "a", NOW + RESTORABLE) is Change.DONE
    assert [each.name for each in read_own_monitors(folder)] == ["A"]
    assert MONITORS.read(folder).removed == ()

    MONITORS.remove(folder, "a", NOW)
    too_late = NOW + RESTORABLE + timedelta(seconds=1)
    assert MONITORS.restore(folder, "a", too_late) is Change.GONE
    MONITORS.add(folder, monitor("b"), too_late)
    assert MONITORS.read(folder).removed == (), "what cannot be had back is forgotten"


def test_nothing_is_restored_over_a_monitor_of_its_id(folder: DataFolder) -> None:
    MONITORS.add(folder, monitor("a"), NOW)
    assert MONITORS.add(folder, monitor("a"), NOW) is Change.TAKEN
    MONITORS.remove(folder, "a", NOW)
    MONITORS.add(folder, monitor("a", "https://new.test/"), NOW)
    assert MONITORS.restore(folder, "a", NOW) is Change.TAKEN
    assert [each.url for each in read_own_monitors(folder)] == ["https://new.test/"]


def test_the_settings_file_stands_before_the_console(folder: DataFolder) -> None:
    settings = Settings(monitors=(monitor("a", "http://10.0.0.1/"),))
    MONITORS.add(folder, monitor("a"), NOW)
    MONITORS.add(folder, monitor("b"), NOW)
    every = all_monitors(settings, folder)
    assert [(each.id, each.url, each.guarded) for each in every] == [
        ("a", "http://10.0.0.1/", False),
        ("b", "https://www.example.org/", True),
    ]


def test_a_damaged_file_is_told_and_does_not_end_the_watch(folder: DataFolder) -> None:
    reader = OwnSettings(Settings(monitors=(monitor("a"),)), folder)
    MONITORS.add(folder, monitor("b"), NOW)
    assert [each.id for each in reader.settings().monitors] == ["a", "b"]
    (folder.root / "monitors.json").write_text("{")
    with pytest.raises(UnreadableError, match=r"monitors\.json cannot be read"):
        all_monitors(Settings(), folder)
    assert [each.id for each in reader.settings().monitors] == ["a", "b"]
    with pytest.raises(UnreadableError):
        MONITORS.add(folder, monitor("c"), NOW)
    assert (folder.root / "monitors.json").read_text() == "{", "and is not written over"
