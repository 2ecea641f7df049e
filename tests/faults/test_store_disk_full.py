"""The store's disk fills up: sealing, erasing and restoring stop, lose nothing, and go on later."""

import contextlib
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import duckdb
import pytest

from store.backup import back_up
from store.backup_files import chosen_backup, read_manifest
from store.database import Database, DatabaseDamagedError
from store.erasing_scan import scan
from store.erasure import Waiting
from store.restore import restore_store
from store.sealing import SealPolicy, seal_day, sweep_orphans
from store.tombstones import Subject
from tests.support.disk import MS_REMOUNT, disk_at, mount
from tests.support.erasing import ANNA, Kept, eraser_of, fill, finished
from tests.support.stored import NOON, events_seen, files_listed, files_on_disk

SEEN = "session, batch, position, time"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder on a disk of 200 MB."""
    with disk_at(tmp_path / "data", "200m") as disk:
        yield disk


@pytest.fixture
def kept(folder: Path) -> Kept:
    return fill(folder)


@pytest.fixture
def database(kept: Kept, folder: Path) -> Iterator[Database]:
    opened = Database(folder / "store")
    yield opened
    opened.close()


def fill_up(folder: Path) -> Path:
    """What takes all the room that is left."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for block_bytes in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError):
                while file.write(bytes(block_bytes)) == block_bytes:
                    pass
    assert shutil.disk_usage(folder).free < 1 << 12
    return ballast


def events(database: Database) -> Counter[tuple[object, ...]]:
    return Counter(events_seen(database, SEEN) + events_seen(database, SEEN, site="blog"))


def test_a_day_that_cannot_be_sealed_stays_as_it_was(database: Database, folder: Path) -> None:
    before = events(database)
    ballast = fill_up(folder)
    due = [(site, NOON.date()) for site in ("shop", "blog")]
    for site, day in due:
        with pytest.raises((OSError, duckdb.Error)):
            seal_day(database, SealPolicy(site=site, keep=1.0), day, NOON)
    assert events(database) == before
    ballast.unlink()
    sealed = [seal_day(database, SealPolicy(site=site, keep=1.0), day, NOON) for site, day in due]
    assert all(each.events for each in sealed)
    assert events(database) == before
    sweep_orphans(database)
    assert files_on_disk(database) == files_listed(database)


def test_an_erasure_that_has_no_room_is_done_once_there_is(
    database: Database, kept: Kept, folder: Path
) -> None:
    eraser = eraser_of(database, folder)
    request = eraser.ask("shop", Subject.USER, ANNA, NOON)
    ballast = fill_up(folder)
    with contextlib.suppress(OSError, duckdb.Error):  # as the job, which tries again
        assert isinstance(eraser.run(request, NOON), Waiting)
    ballast.unlink()
    (request,) = eraser.waiting()
    finished(eraser, request)
    assert scan([folder], kept.of_anna(), [ANNA]).clean
    left = Counter(UUID(str(session)).hex for session, *_ in events(database))
    for batch in [*kept.bert, *kept.nobody, *kept.quoting]:
        assert left[batch.session] == len(batch.events)


def test_a_restore_onto_a_disk_that_is_too_small_is_done_again_on_a_larger_one(
    tmp_path: Path,
) -> None:
    fill(tmp_path / "data")
    database = Database(tmp_path / "data" / "store")
    back_up(database, tmp_path / "backups", NOON)
    before = events(database)
    database.close()
    chosen = chosen_backup(tmp_path / "backups")
    with disk_at(tmp_path / "again" / "store", "200k") as store:
        with pytest.raises(OSError, match="No space"):
            restore_store(chosen, store, read_manifest(chosen))
        with pytest.raises(DatabaseDamagedError, match="run vigie restore again"):
            Database(store)
        mount(store, MS_REMOUNT, "size=60m")
        restore_store(chosen, store, read_manifest(chosen))
        again = Database(store)
        assert events(again) == before
        again.close()
