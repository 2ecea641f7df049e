"""What pages ask by default was asked of sealed days before anybody opens one."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analytics import by_day
from bench.analytics import SETTINGS
from bench.generated_store import generate
from store.database import Database
from store.day_answers import ANSWERS_FOLDER
from vigie.folders import DataFolder
from vigie.prepared_answers import PreparedAnswers
from vigie.reporting.catalogue import run_report
from vigie.reporting.params import DAYS_DEFAULT

NOW = datetime(2026, 3, 11, 9, 55, tzinfo=UTC)
SOON = NOW + timedelta(minutes=10)
"""In the next hour, with which the later hours of a window's first day begin anew."""
RUNS_MAX = 40
STEP = {"site": "shop", "page": "/mandate/1"}
FOUND_KEPT = {
    "speed": {"site": "shop"},
    "journey": {"journey": "mandate"},
    "clicks": STEP,
    "vital": {**STEP, "vital": "lcp"},
    "conversion_speed": STEP,
}


def test_pages_find_kept_what_they_ask_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(by_day, "DAY_ROWS_MIN", 1)
    folder = DataFolder(tmp_path)
    generate(folder.store, 20_000, now=NOW, days=DAYS_DEFAULT + 1)
    database = Database(folder.store)
    job = PreparedAnswers(lambda: SETTINGS, folder, database).job()
    said = [job.run(NOW) for _ in range(RUNS_MAX)]
    assert "speed of shop" in said[0]
    assert said[-1] == "", "all was asked, and no day was sealed since"
    kept = sorted((database.folder / ANSWERS_FOLDER).rglob("*"))
    assert any("since-11-" in path.name for path in kept)
    for name, params in FOUND_KEPT.items():
        with database.snapshot() as snapshot:
            run_report(name, params, SETTINGS, snapshot, SOON)
    assert sorted((database.folder / ANSWERS_FOLDER).rglob("*")) == kept
    database.close()
