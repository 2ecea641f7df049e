"""The demo keeps its history in a folder of its own, notices one left unfinished, and touches no
folder that is not a demo's."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from store.journal_reader import read_frames, segments
from vigie.demo import demo_folder
from vigie.demo.demo_folder import Held
from vigie.demo.demo_settings import settings_text
from vigie.demo.history import History
from vigie.demo.network import WATCHED
from vigie.demo.stories import plan_stories
from vigie.demo.writing import HistoryPlan, write_journal
from vigie.failures import CommandError
from vigie.folders import Address, DataFolder
from vigie.settings_file import parse_settings

NOW = datetime(2026, 5, 21, 16, 0, tzinfo=UTC)
PLAN = HistoryPlan(now=NOW, check_days=2, session_days=1)
HISTORY = History(checks=1, batches=1, events=1, days_sealed=0)


def payloads(journal: Path) -> Iterable[bytes]:
    for segment in segments(journal):
        yield from (frame.payload for frame in read_frames(segment.path, 0, 1 << 30).frames)


def test_an_interrupted_history_is_noticed(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    assert demo_folder.held_by(root) == (Held.NOTHING, None)
    assert demo_folder.claim(root, PLAN)
    assert not demo_folder.claim(root, PLAN)
    folder = DataFolder(root)
    assert demo_folder.held_by(root) == (Held.UNFINISHED, None)
    demo_folder.begin(folder, PLAN)
    (folder.journal / "half").write_bytes(b"half")
    assert demo_folder.held_by(root) == (Held.UNFINISHED, None)
    demo_folder.begin(folder, PLAN)
    assert list(folder.journal.iterdir()) == []
    demo_folder.finish(folder, PLAN, HISTORY)
    held, marker = demo_folder.held_by(root)
    assert held is Held.HISTORY
    assert marker is not None
    assert (marker.plan, marker.history) == (PLAN, HISTORY)
    assert demo_folder.days_old(marker, NOW + timedelta(hours=36)) == 1.5


def test_a_history_of_another_version_is_made_again(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    demo_folder.finish(folder, PLAN, HISTORY)
    path = tmp_path / demo_folder.MARKER
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 0}))
    assert demo_folder.held_by(tmp_path) == (Held.UNFINISHED, None)


def test_a_folder_of_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(CommandError, match="not a demo's"):
        demo_folder.claim(tmp_path, PLAN)
    with pytest.raises(CommandError, match="is a file"):
        demo_folder.claim(tmp_path / "thesis.txt", PLAN)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_data_folder_of_an_installation_is_refused(tmp_path: Path) -> None:
    DataFolder(tmp_path).secret()
    with pytest.raises(CommandError, match="not a demo's"):
        demo_folder.claim(tmp_path, PLAN)


def test_the_same_plan_writes_the_same_history(tmp_path: Path) -> None:
    secret = bytes(32)
    for name in ("first", "second"):
        write_journal(tmp_path / name, PLAN, secret)
    other = HistoryPlan(now=NOW, check_days=2, session_days=1, seed=PLAN.seed + 1)
    write_journal(tmp_path / "other", other, secret)
    first, second, third = (
        list(payloads(tmp_path / name)) for name in ("first", "second", "other")
    )
    assert len(first) > 3000
    assert first == second
    assert first != third


def test_stories_never_overlap_and_fall_where_they_should_whatever_the_day() -> None:
    for days in range(500):
        now = datetime(2026, 1, 1, 0, 30, tzinfo=UTC) + timedelta(days=days, hours=days % 24)
        stories = plan_stories(now)
        windows = sorted(
            (
                stories.outage,
                stories.bad_release,
                stories.slow_listings,
                stories.vigie_off,
            ),
            key=lambda window: window.start,
        )
        assert all(a.end < b.start for a, b in pairwise(windows))
        month = stories.outage_month
        assert month.start <= stories.outage.start
        assert stories.outage.end < month.end <= now
        assert month.end > now - timedelta(days=32)
        assert now - timedelta(days=30) < stories.slow_listings.start
        assert stories.bad_release.end < now - timedelta(hours=24)


def test_the_settings_of_the_demo_have_no_mistake() -> None:
    collector, console, site = (Address("127.0.0.1", port) for port in (8600, 8601, 8602))
    settings = parse_settings(settings_text(collector, console, site), "vigie.toml")
    assert settings.public_url == collector.url
    assert [monitor.id for monitor in settings.monitors] == [watched.id for watched in WATCHED]
    assert all(monitor.url.startswith(site.url) for monitor in settings.monitors)
    assert settings.sites[0].origins[0] == site.url
    assert len(settings.journeys[0].steps) == 5
