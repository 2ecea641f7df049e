"""kill -9 amid a backup or a restore: half of one never passes for a whole one."""

import shutil
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from store.backup import STEPS as BACKUP_STEPS
from store.backup import back_up
from store.backup_files import backups_in, chosen_backup, expire_backups, read_manifest
from store.database import Database, DatabaseDamagedError
from store.restore import STEPS as RESTORE_STEPS
from store.restore import NotEmptyError, restore_store, verify_backup
from store.tombstones import FILE_NAME, Subject, Tombstones
from tests.support.disk import disk_at
from tests.support.erasing import ANNA, Kept, fill
from tests.support.stored import NOON, Journal, Maker, events_seen, files_listed, files_on_disk
from vigie.folders import DataFolder
from vigie.restoring import finish_restore

ROOT = Path(__file__).resolve().parents[2]
EARLIER = NOON - timedelta(days=1)
SEEN = "replace(session::VARCHAR, '-', ''), batch, position, time, user_key"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Kept]:
    """A store with sealed days, hot rows and recordings, and a backup made before the last rows."""
    folder = tmp_path_factory.mktemp("filled")
    kept = fill(folder)
    database = Database(folder / "store")
    (folder / FILE_NAME).touch()
    back_up(database, folder / "backups", EARLIER, more_files={FILE_NAME: folder / FILE_NAME})
    with database.transaction() as cursor:
        cursor.execute("DELETE FROM batches WHERE rowid % 2 = 0")
    database.close()
    return folder, kept


def killed(folder: Path, what: str, step: str) -> bool:
    """Whether a process that backs up or restores came to the step, and died there."""
    command = [sys.executable, "-m", "tests.support.backup_child", str(folder), what, step]
    ended = subprocess.run(command, cwd=ROOT, timeout=120, check=False, capture_output=True)
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr.decode()
    return ended.returncode != 0


def seen(store: Path) -> Counter[tuple[object, ...]]:
    database = Database(store)
    try:
        assert files_on_disk(database) == files_listed(database)
        return Counter(events_seen(database, SEEN))
    finally:
        database.close()


def sessions(store: Path) -> set[str]:
    return {str(session) for session, *_ in seen(store)}


@pytest.mark.parametrize("step", [*BACKUP_STEPS, "file 2"])
def test_a_backup_that_was_killed_counts_only_when_it_is_whole(
    step: str, filled: tuple[Path, Kept], tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(filled[0], folder, symlinks=True)
    before = seen(folder / "store")
    assert killed(folder, "backup", step)
    found = backups_in(folder / "backups")
    assert len(found) == (2 if step == "renamed" else 1)
    if step == "renamed":
        assert verify_backup(found[-1].folder, NOON) == []
    assert chosen_backup(folder / "backups") == found[-1].folder
    database = Database(folder / "store")
    made = back_up(database, folder / "backups", NOON + timedelta(hours=1))
    database.close()
    assert verify_backup(made.folder, NOON) == []
    assert seen(folder / "store") == before
    expire_backups(folder / "backups", NOON, keep=9, retention_days=30)
    names = {path.name for path in (folder / "backups").iterdir()}
    assert names == {each.folder.name for each in [*found, made]}


@pytest.mark.parametrize("step", [*RESTORE_STEPS, "file 2"])
def test_a_restore_that_was_killed_leaves_one_to_be_done_again_or_the_whole_one(
    step: str, filled: tuple[Path, Kept], tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(filled[0], folder, symlinks=True)
    assert_restored_after_a_kill(folder, step)
    assert list((folder / "again").iterdir()) == [folder / "again" / "store"]


def assert_restored_after_a_kill(folder: Path, step: str) -> None:
    store = folder / "again" / "store"
    assert killed(folder, "restore", step)
    chosen = chosen_backup(folder / "backups")
    if step == "ended":
        with pytest.raises(NotEmptyError):
            restore_store(chosen, store, read_manifest(chosen))
    else:
        with pytest.raises(DatabaseDamagedError, match="run vigie restore again"):
            Database(store)
        restore_store(chosen, store, read_manifest(chosen))
    assert seen(store) == seen(folder / "store")


@pytest.mark.parametrize("step", ["begun", "file 2", "placed"])
def test_a_restore_onto_a_disk_of_the_stores_own_can_be_killed_too(
    step: str, filled: tuple[Path, Kept], tmp_path: Path
) -> None:
    """A mount point can neither be renamed nor removed: it is filled where it is."""
    folder = tmp_path / "data"
    shutil.copytree(filled[0], folder, symlinks=True)
    with disk_at(folder / "again" / "store", "200m") as disk:
        (disk / "lost+found").mkdir()
        assert_restored_after_a_kill(folder, step)
        assert disk.is_mount()


def test_who_was_erased_since_the_backup_is_gone_after_a_restore_that_was_killed(
    filled: tuple[Path, Kept], tmp_path: Path
) -> None:
    original, kept = filled
    folder = tmp_path / "data"
    shutil.copytree(original, folder, symlinks=True)
    again = DataFolder(folder / "again")
    journal = Journal(again.journal)
    journal.write(Maker(90).batch(time=NOON))
    stones = Tombstones(folder / "backups" / FILE_NAME, again.secret())
    stones.add(Subject.USER, "shop", [ANNA], erased_us=2**52, receipt="r")
    stones.add(Subject.SESSION, "shop", kept.of_anna(), erased_us=2**52, receipt="r")
    assert killed(folder, "data", "the journal")
    there = sessions(again.store)
    assert set(kept.of_anna()) & there, "nothing to show: they were gone already"
    assert finish_restore(again) == [
        f"erased {len(kept.of_anna())} sessions of shop again, erased before",
        "masked 5 ids erased before, which others quote",
    ]
    there = sessions(again.store)
    assert not set(kept.of_anna()) & there
    assert {batch.session for batch in kept.bert} <= there
    assert finish_restore(again) == []
