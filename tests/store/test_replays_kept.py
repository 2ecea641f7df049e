"""A recording's chunks: loaded once each, gone with retention and erasure, orphans swept."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from store.database import Database
from store.loader import Loader
from store.replay_writer import REPLAYS_FOLDER, chunk_name
from store.replays import (
    ORPHAN_AFTER,
    erase_replays,
    replay_chunks,
    retire_replays,
    sweep_replays,
)
from store.retention import RetentionLimits, retire
from tests.support.replay_child import CONTENT, DAY, chunk_of
from tests.support.stored import NOON, Journal, load_all

ONE, OTHER = "1" * 32, "2" * 32


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "store")
    yield database
    database.close()


@pytest.fixture
def loader(database: Database, tmp_path: Path) -> Loader:
    return Loader(database, tmp_path / "journal")


def put(database: Database, name: str, age: timedelta = timedelta()) -> Path:
    path = database.folder / REPLAYS_FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(CONTENT)
    at = (NOON - age).timestamp()
    os.utime(path, (at, at))
    return path


def name_of(session: str, number: int = 0, days_ago: int = 0, site: str = "shop") -> str:
    return chunk_name(site, DAY - timedelta(days=days_ago), session, 7, number)


def test_a_record_that_comes_again_is_one_row(
    database: Database, loader: Loader, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "journal")
    journal.write(chunk_of(ONE), chunk_of(ONE), chunk_of(ONE, 1), chunk_of(OTHER))
    load_all(loader)
    journal.write(chunk_of(ONE, 1), chunk_of(ONE, 2))
    load_all(loader)
    chunks = replay_chunks(database, "shop", ONE)
    assert [(chunk.load, chunk.number) for chunk in chunks] == [(7, 0), (7, 1), (7, 2)]
    assert (chunks[0].events, chunks[0].bytes, chunks[0].reason) == (3, len(CONTENT), "sample")
    assert chunks[0].start == NOON
    assert chunks[0].file == database.folder / REPLAYS_FOLDER / name_of(ONE)
    assert replay_chunks(database, "another", ONE) == []


def test_past_the_term_files_and_rows_go_and_the_rest_stays(
    database: Database, loader: Loader, tmp_path: Path
) -> None:
    kept_days = 30
    first_kept = chunk_of(ONE, 0, DAY - timedelta(days=kept_days))
    past = chunk_of(ONE, 1, DAY - timedelta(days=kept_days + 1))
    Journal(tmp_path / "journal").write(first_kept, past)
    load_all(loader)
    stays = put(database, name_of(ONE, 0, kept_days))
    goes = put(database, name_of(ONE, 1, kept_days + 1))
    retired = retire(database, NOON, RetentionLimits(retention_days=kept_days))
    assert retired.replays == 1
    assert (stays.exists(), goes.exists(), goes.parent.exists()) == (True, False, False)
    assert [chunk.number for chunk in replay_chunks(database, "shop", ONE)] == [0]
    assert retire_replays(database, DAY - timedelta(days=kept_days)) == (0, 0)


def test_erasing_sessions_leaves_nothing_of_them_and_all_of_others(
    database: Database, loader: Loader, tmp_path: Path
) -> None:
    Journal(tmp_path / "journal").write(chunk_of(ONE), chunk_of(ONE, 1), chunk_of(OTHER))
    load_all(loader)
    erased = [put(database, name_of(ONE)), put(database, name_of(ONE, 1, days_ago=1))]
    of_another_site = put(database, name_of(ONE, site="elsewhere"))
    of_another = put(database, name_of(OTHER))
    assert erase_replays(database, "shop", [ONE]) == 2
    assert not any(path.exists() for path in erased)
    assert of_another.exists()
    assert of_another_site.exists()
    assert replay_chunks(database, "shop", ONE) == []
    assert len(replay_chunks(database, "shop", OTHER)) == 1
    with pytest.raises(ValueError, match="hexadecimal"):
        erase_replays(database, "shop", ["../../../.."])


def test_only_old_files_that_no_row_names_are_swept(
    database: Database, loader: Loader, tmp_path: Path
) -> None:
    Journal(tmp_path / "journal").write(chunk_of(ONE))
    load_all(loader)
    old = ORPHAN_AFTER + timedelta(seconds=1)
    listed = put(database, name_of(ONE), old)
    young = put(database, name_of(ONE, 1), ORPHAN_AFTER - timedelta(hours=1))
    orphan = put(database, name_of(OTHER), old)
    unfinished = put(database, name_of(ONE) + ".1234.new", old)
    assert sweep_replays(database, NOON) == 2
    assert (listed.exists(), young.exists()) == (True, True)
    assert (orphan.exists(), unfinished.exists()) == (False, False)
