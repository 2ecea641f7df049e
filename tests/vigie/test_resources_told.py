"""Sizes, growth, and the day the disk is full: as sampled, and as the pages warn of it."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from analytics.reports.resources import GrowthReport, growth
from analytics.reports.types import State
from store.database import Database
from store.resources import KEPT, Sizes, folder_bytes, measure, note_sizes
from tests.support.console import SETTINGS, history, running_console
from vigie.console.resources import disk_state

NOW = datetime.now(UTC).replace(microsecond=0)
GB = 1_000_000_000
SIZES = Sizes(
    database_bytes=GB,
    wal_bytes=0,
    temp_bytes=0,
    journal_bytes=0,
    sealed_bytes=0,
    replays_bytes=0,
    backups_bytes=0,
    backups_here=False,
    disk_free_bytes=50 * GB,
    disk_bytes=100 * GB,
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "store")
    yield opened
    opened.close()


def fill(database: Database, days: float, own_a_day: float, others_a_day: float = 0.0) -> None:
    """Hourly samples up to NOW in which ours, and others on the disk, grow evenly."""
    hours = int(days * 24)
    for hour in range(hours + 1):
        ago = (hours - hour) / 24
        sizes = replace(
            SIZES,
            database_bytes=round(100_000 * GB - own_a_day * ago),
            disk_free_bytes=round(50 * GB + (own_a_day + others_a_day) * ago),
        )
        note_sizes(database, sizes, NOW - timedelta(hours=hours - hour))


def grown(database: Database) -> GrowthReport:
    with database.snapshot() as snapshot:
        return growth(snapshot, NOW)


def test_files_are_measured_once_each_and_by_what_they_are(
    database: Database, tmp_path: Path
) -> None:
    journal, backups = tmp_path / "journal", tmp_path / "backups"
    for folder in (journal, backups / "one", backups / "two"):
        folder.mkdir(parents=True)
    (journal / "a.journal").write_bytes(b"x" * 1000)
    (backups / "one" / "day").write_bytes(b"x" * 500)
    os.link(backups / "one" / "day", backups / "two" / "day")
    sizes = measure(database, journal, str(backups))
    assert (sizes.journal_bytes, sizes.backups_bytes, sizes.backups_here) == (1000, 500, True)
    assert sizes.database_bytes == database.file.stat().st_size
    assert sizes.sealed_bytes > 0
    assert 0 < sizes.disk_free_bytes < sizes.disk_bytes
    assert folder_bytes(tmp_path / "none") == 0


def test_growth_is_told_once_samples_span_a_day(database: Database) -> None:
    assert grown(database).own_a_day is None
    fill(database, 0.9, GB)
    assert grown(database).own_a_day is None
    fill(database, 3, GB)
    assert grown(database).own_a_day == pytest.approx(GB, rel=0.05)


def test_days_left_go_by_the_faster_of_ours_and_the_disks(database: Database) -> None:
    fill(database, 7, own_a_day=2 * GB, others_a_day=8 * GB)
    report = grown(database)
    assert report.own_a_day == pytest.approx(2 * GB)
    assert report.disk_a_day == pytest.approx(10 * GB)
    assert report.days_left(50 * GB, 10 * GB) == pytest.approx(4.0)
    assert report.days_left(5 * GB, 10 * GB) == 0


def test_samples_before_the_last_week_count_no_more_and_old_ones_go(database: Database) -> None:
    note_sizes(database, replace(SIZES, database_bytes=90 * GB), NOW - KEPT - timedelta(days=1))
    note_sizes(database, replace(SIZES, database_bytes=80 * GB), NOW - timedelta(days=20))
    fill(database, 2, own_a_day=GB)
    assert grown(database).own_a_day == pytest.approx(GB)
    rows = database.cursor().execute("SELECT min(sampled_at) FROM resources").fetchone()
    assert rows is not None
    assert rows[0] == (NOW - timedelta(days=20)).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("own_a_day", "free", "state", "words"),
    [
        (10 * GB, 50 * GB, State.DOWN, "in 4 days"),
        (GB, 50 * GB, State.UP, "in 49 days"),
        (-GB, 50 * GB, State.UP, "not filling"),
        (10 * GB, GB // 4, State.DOWN, "beacons get 503"),
        (60 * GB, 50 * GB, State.DOWN, "less than a day"),
    ],
)
def test_the_state_and_the_words_go_together(
    own_a_day: float, free: int, state: State, words: str
) -> None:
    report = GrowthReport(samples=48, first=NOW, own_a_day=own_a_day, disk_a_day=0.0)
    told = disk_state(replace(SIZES, disk_free_bytes=free), report, GB // 2)
    assert told.state is state
    assert words in told.words


def test_the_page_and_home_warn_when_the_disk_fills_within_a_week(tmp_path: Path) -> None:
    with running_console(tmp_path, SETTINGS) as console, console.reader() as reader:
        console.load(history(NOW, sessions=5, days=1))
        assert "known after a day of samples" in reader.get("/data/resources").text
        assert 'id="disk"' not in reader.get("/").text
        free = measure(console.database, console.folder.journal).disk_free_bytes
        fill(console.database, 5, own_a_day=free / 3)
    with running_console(tmp_path, SETTINGS) as console, console.reader() as reader:
        page = reader.get("/data/resources").text
        assert "The disk is full in" in page
        assert "badge-down" in page.split('id="disk"')[1].split("</p>")[0]
        home = reader.get("/").text
        assert "The disk is full in" in home.split('id="disk"')[1].split("</section>")[0]
