"""Erased, then repaired from backup and journal, then restored from the backup: still erased."""

from pathlib import Path

import pytest

from store.backup import back_up
from store.database import Database
from store.database_files import current_file, wal_of
from store.erasing_quotes import quoted_ids
from store.erasing_scan import scan
from store.quoted import any_of
from store.tombstones import FILE_NAME, Subject, merge_tombstones
from tests.support.erasing import ANNA, SECRET, Kept, fill, finished
from tests.support.stored import NOON, events_seen
from vigie.backups import more_files
from vigie.erasures import eraser_of, tombstones_of
from vigie.folders import DataFolder
from vigie.repairing import repair_data
from vigie.restoring import restore_data


def silent(done: int, total: int, what: str) -> None:
    """Progress that nobody watches."""


class Erased:
    """A data folder from which Anna was erased after it was backed up."""

    def __init__(self, root: Path) -> None:
        self.data, self.backups = root / "data", root / "backups"
        self.data.mkdir()
        (self.data / "secret").write_text(SECRET.hex())
        self.kept: Kept = fill(self.data)
        folder = DataFolder(self.data)
        database = Database(folder.store)
        back_up(database, self.backups, NOON, more_files=more_files(folder, None))
        eraser = eraser_of(folder, database, tombstones_of(folder), clock=lambda: NOON)
        finished(eraser, eraser.ask("shop", Subject.USER, ANNA, NOON))
        database.close()

    def assert_gone_from(self, data: Path) -> None:
        assert scan([data], self.kept.of_anna(), [ANNA]).places == ()
        database = Database(data / "store")
        seen = {session.hex for (session,) in events_seen(database, "DISTINCT session")}
        quoting = {
            session.hex for (session,) in events_seen(database, "DISTINCT session", site="blog")
        }
        assert quoted_ids(database, any_of([*self.kept.of_anna(), ANNA])) == set()
        database.close()
        assert quoting == {batch.session for batch in self.kept.quoting}
        assert not seen & set(self.kept.of_anna())
        assert {batch.session for batch in [*self.kept.bert, *self.kept.nobody]} <= seen


@pytest.fixture
def erased(tmp_path: Path) -> Erased:
    return Erased(tmp_path)


def test_after_a_repair_from_backup_and_journal(erased: Erased) -> None:
    file = current_file(erased.data / "store")
    file.write_bytes(b"\0" * 5000)
    wal_of(file).unlink(missing_ok=True)
    said = list(repair_data(erased.data, erased.backups, lambda text: None, silent))
    assert any("rebuilt from the backup" in line for line in said)
    # Sealed files were written anew and are taken up so; four hot sessions and one row of a
    # recording came back.
    assert any("5 sessions of shop again" in line for line in said), said
    erased.assert_gone_from(erased.data)


def test_after_a_restore_with_tombstones_beside_the_backups(erased: Erased, tmp_path: Path) -> None:
    merge_tombstones(erased.data / FILE_NAME, erased.backups / FILE_NAME)
    fresh = tmp_path / "fresh"
    said = restore_data(erased.backups, fresh, silent)
    assert any("12 sessions of shop again" in line for line in said)
    # The last session of each day, Anna herself, and the session of what was refused.
    assert any("masked 5 ids" in line for line in said), said
    erased.assert_gone_from(fresh)


def test_a_restore_with_nobody_erased_erases_nobody(erased: Erased, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    said = restore_data(erased.backups, fresh, silent)
    assert not any("again" in line for line in said)
    assert not scan([fresh], erased.kept.of_anna()).clean, "nothing told it of the erasure"
