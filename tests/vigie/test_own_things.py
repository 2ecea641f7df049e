"""Files of what the console's users entered: those of earlier versions are read and stay as they
are, and the last change of each thing can be undone."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from probes.monitor import Monitor
from vigie.folders import DataFolder
from vigie.own_funnels import FUNNELS
from vigie.own_monitors import MONITORS
from vigie.own_things import Change, UnreadableError, free_id

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
MONITORS_BEFORE = """{
 "changes": 3,
 "monitors": [
  {
   "monitor": {"id": "home", "url": "https://www.example.org/", "name": "Home", "guarded": true},
   "version": 3,
   "edited": "2026-11-30T08:00:00Z"
  }
 ],
 "removed": [
  {
   "monitor": {"id": "old", "url": "https://old.example.org/", "name": "Old", "guarded": true},
   "removed": "2026-11-30T07:00:00Z"
  }
 ]
}"""
FUNNELS_BEFORE = """{
 "changes": 1,
 "funnels": [
  {
   "funnel": {"id": "orders", "name": "Orders", "site": "shop", "steps": "page:/a,event:b",
    "order": "ordered", "exclude": "", "unit": "session", "window_minutes": 60.0, "by": "",
    "owner": "Shop team"},
   "version": 1,
   "edited": "2026-11-30T08:00:00Z"
  }
 ],
 "removed": []
}"""


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    (tmp_path / "monitors.json").write_text(MONITORS_BEFORE)
    (tmp_path / "funnels.json").write_text(FUNNELS_BEFORE)
    return DataFolder(tmp_path)


def test_files_of_before_are_read_as_they_were_meant(folder: DataFolder) -> None:
    monitors = MONITORS.read(folder)
    assert [(each.thing.name, each.version) for each in monitors.things] == [("Home", 3)]
    assert [each.thing.url for each in monitors.restorable(NOW)] == ["https://old.example.org/"]
    (funnel,) = FUNNELS.read(folder).things
    assert (funnel.thing.steps, funnel.thing.owner) == ("page:/a,event:b", "Shop team")


def test_a_change_keeps_the_words_of_the_file(folder: DataFolder) -> None:
    MONITORS.add(folder, Monitor(id="new", url="https://new.example.org/"), NOW)
    written = msgspec.json.decode((folder.root / "monitors.json").read_bytes())
    assert written["changes"] == 4
    assert [each["monitor"]["id"] for each in written["monitors"]] == ["home", "new"]
    assert [each["monitor"]["id"] for each in written["removed"]] == ["old"]


@pytest.mark.parametrize("text", ["[]", '{"monitors": 5}', '{"monitors": [5]}', '{"changes": "x"}'])
def test_what_is_no_such_file_is_told(folder: DataFolder, text: str) -> None:
    (folder.root / "monitors.json").write_text(text)
    with pytest.raises(UnreadableError, match=r"monitors\.json cannot be read"):
        MONITORS.read(folder)


def test_an_edit_is_undone_and_done_again(folder: DataFolder) -> None:
    edited = Monitor(id="home", url="https://www.example.org/start", name="Start")
    assert MONITORS.undo(folder, "home", 3, NOW) is Change.GONE, "there is nothing before it"
    assert MONITORS.edit(folder, edited, 3, NOW) is Change.DONE
    assert MONITORS.undo(folder, "home", 3, NOW) is Change.OUTDATED
    assert MONITORS.undo(folder, "home", 4, NOW) is Change.DONE
    assert MONITORS.read(folder).things[0].thing.name == "Home"
    assert MONITORS.undo(folder, "home", 5, NOW) is Change.DONE
    assert MONITORS.read(folder).things[0].thing.name == "Start"


def test_ids_are_made_of_names() -> None:
    assert free_id("  Été à la mer! ", (), "journey") == "ete-a-la-mer"
    assert free_id("数", ("journey", "journey-2"), "journey") == "journey-3"
    assert len(free_id("x" * 200, (), "journey")) == 48
