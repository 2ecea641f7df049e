"""In a generated store a planted slow page is found and stated; without it nothing is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics.question import SiteScope, Window
from analytics.reports.speed import speed
from analytics.reports.types import SpeedReport
from bench.generated_people import LEVELS, Planted
from bench.generated_rows import SITE
from bench.generated_store import generate
from store.database import Database

NOW = datetime(2026, 3, 15, tzinfo=UTC)
DAYS = 14
EVENTS = 60_000
SLOW = "/contact"


def report(folder: Path, planted: Planted, seed: int) -> SpeedReport:
    generate(folder, EVENTS, now=NOW, days=DAYS, seed=seed, planted=planted)
    database = Database(folder)
    window = Window(NOW - timedelta(days=DAYS), NOW)
    with database.snapshot() as snapshot:
        found = speed(snapshot, SiteScope(site=SITE, levels=LEVELS), window, now=NOW)
    database.close()
    return found


def test_a_slow_page_is_stated_with_how_much_worse_it_is(tmp_path: Path) -> None:
    found = report(tmp_path / "store", Planted(slow_page=SLOW), seed=1)
    said = [each.sentence for each in found.worst if each.sentence]
    assert len(said) == 1
    assert f"of the sessions on {SLOW} had a poor view of it, mostly by LCP" in said[0]
    assert found.changes == (), "it was slow all the time"


@pytest.mark.parametrize("seed", [2, 3])
def test_where_none_is_slower_none_is_named(tmp_path: Path, seed: int) -> None:
    found = report(tmp_path / "store", Planted(), seed=seed)
    assert [each.sentence for each in found.worst if each.sentence] == []
    assert found.changes == ()
