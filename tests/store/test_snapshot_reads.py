"""A snapshot is one instant, and its reads open only the files and row groups they need."""

import re
import threading
from datetime import date, timedelta
from typing import Any

import pytest

from store.columns import batch_tables
from store.database import Database
from store.rows import insert
from store.sealing import SealPolicy, seal_day
from store.snapshot import Snapshot
from tests.support.stored import NOON, TODAY, Maker

DAYS = [TODAY - timedelta(days=age) for age in range(6, 0, -1)]
POLICY = SealPolicy(site="shop", sample=0.2, keep=1.0)


@pytest.fixture
def sealed(database: Database, make: Maker) -> Database:
    """Six days of two sites, each with a `sample` and a `rest` file of its detail."""
    batches = [
        make.batch(site=site, time=NOON - timedelta(days=age))
        for age in range(7)
        for site in ("shop", "agency")
        for _ in range(100)
    ]
    for table, rows in batch_tables(batches).items():
        insert(database.cursor(), table, rows)
    for day in DAYS:
        for site in ("shop", "agency"):
            seal_day(database, SealPolicy(site=site, sample=0.2, keep=1.0), day, NOON)
    return database


def opened(snapshot: Snapshot, query: str, parameters: dict[str, Any]) -> tuple[int, int]:
    """How many of the listed files the query scans, and how many there are."""
    plan = snapshot.rows(f"EXPLAIN ANALYZE {query}", parameters)[0][1]
    found = re.search(r"Scanning Files: (\d+)/(\d+)", plan)
    assert found, plan
    return int(found[1]), int(found[2])


def test_only_the_files_of_the_site_the_days_and_the_sample_are_listed(sealed: Database) -> None:
    with sealed.snapshot() as snapshot:
        sample = snapshot.detail_files(["shop"], DAYS[1], DAYS[3])
        everything = snapshot.detail_files(["shop", "agency"], DAYS[0], DAYS[-1], rest=True)
        summaries = snapshot.summary_files(["agency"], DAYS[0], DAYS[0])
    assert ["empty-detail" in file for file in sample] == [True, False, False, False]
    wanted = [f"site=shop/day={day}/sample-" for day in DAYS[1:4]]
    assert all(part in file for part, file in zip(wanted, sample[1:], strict=True))
    assert len(everything) == 1 + 6 * 2 * 2
    assert len(summaries) == 2
    assert f"summaries/site=agency/day={DAYS[0]}/summaries-" in summaries[1]


def test_site_and_day_filters_reach_the_files_through_the_macro(sealed: Database) -> None:
    with sealed.snapshot() as snapshot:
        files = snapshot.detail_files(["shop", "agency"], date(2000, 1, 1), TODAY, rest=True)
        query = "SELECT count(*) FROM events_in($files) WHERE site = $site AND day = $day"
        asked = {"files": files, "site": "shop", "day": DAYS[2]}
        assert snapshot.rows(query, asked) == [(300,)]
        assert opened(snapshot, query, asked) == (2, 25)
        query = "SELECT sum(views) FROM summaries_in($files) WHERE site = $site AND day >= $day"
        files = snapshot.summary_files(["shop", "agency"], date(2000, 1, 1), TODAY)
        asked = {"files": files, "site": "shop", "day": DAYS[-2]}
        assert snapshot.rows(query, asked) == [(300,)], "two sealed days and today"
        assert opened(snapshot, query, asked) == (2, 13)


def test_a_bucket_filter_alone_reads_no_rest_file_s_rows(sealed: Database) -> None:
    """Row groups are sorted by bucket, so what was listed too much costs only its footer."""
    with sealed.snapshot() as snapshot:
        files = snapshot.detail_files(["shop"], DAYS[0], DAYS[0], rest=True)
        plan = snapshot.rows(
            "EXPLAIN ANALYZE SELECT count(page) FROM read_parquet($files[2:3])"
            " WHERE bucket < 858993459",
            {"files": files},
        )[0][1]
    assert "Row Groups Scanned: 1 / 2" in plan


def test_a_snapshot_sees_none_of_what_comes_after_its_first_question(
    sealed: Database, make: Maker
) -> None:
    count = "SELECT count(*) FROM events_in($files)"
    with sealed.snapshot() as snapshot:
        files = snapshot.detail_files(["shop"], date(2000, 1, 1), TODAY, rest=True)

        def change() -> None:
            seal_day(sealed, POLICY, TODAY, NOON)
            for table, rows in batch_tables([make.batch()]).items():
                insert(sealed.cursor(), table, rows)

        before = snapshot.rows(count, {"files": files})
        thread = threading.Thread(target=change)
        thread.start()
        thread.join()
        assert snapshot.detail_files(["shop"], date(2000, 1, 1), TODAY, rest=True) == files
        assert snapshot.rows(count, {"files": files}) == before
    with sealed.snapshot() as snapshot:
        later = snapshot.detail_files(["shop"], date(2000, 1, 1), TODAY, rest=True)
        assert len(later) == len(files) + 2
        query = f"{count} WHERE site = 'shop'"
        assert snapshot.rows(query, {"files": later}) == [(7 * 300 + 3,)]
