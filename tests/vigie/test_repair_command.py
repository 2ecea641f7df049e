"""`vigie repair`: whatever is damaged, nothing that can be read or journaled is lost or doubled."""

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store.backup import back_up
from store.database import Database
from store.database_files import current_file, wal_of
from store.loader import Loader
from store.sealing import SealPolicy, seal_day, sweep_orphans
from store.times import microseconds
from tests.support.stored import Journal, Maker, events_seen, load_all, summaries_seen
from vigie.failures import CommandError
from vigie.folders import DataFolder
from vigie.locks import Lock
from vigie.repairing import repair_data

NOW = datetime.now(UTC)
OLD_DAY = NOW - timedelta(days=3)


def fill(folder: DataFolder, backups: Path) -> Counter[str]:
    """A store as it is some days on: sealed days, a backup, then more; killed with a log.

    Returns the sessions that must be found again, once each.
    """
    journal, make = Journal(folder.journal), Maker()
    begin_us = microseconds(NOW - timedelta(hours=40))
    database = Database(folder.store)
    loader = Loader(database, folder.journal)
    sessions: Counter[str] = Counter()

    def load(time: datetime, count: int, at_h: int) -> None:
        batches = [make.batch(time=time) for _ in range(count)]
        sessions.update(batch.session for batch in batches)
        journal.write(*batches, start_us=begin_us + at_h * 3_600_000_000)
        load_all(loader, NOW)

    load(OLD_DAY - timedelta(days=1), 30, 0)
    load(OLD_DAY, 30, 1)
    seal_day(database, SealPolicy(site="shop", keep=1.0), (OLD_DAY - timedelta(days=1)).date(), NOW)
    load(NOW - timedelta(hours=10), 300, 2)
    back_up(database, backups, NOW)
    seal_day(database, SealPolicy(site="shop", keep=1.0), OLD_DAY.date(), NOW)
    with database.transaction() as cursor:
        cursor.execute("INSERT INTO alerting_since VALUES ('2026-01-01')")
    database.cursor().execute("CHECKPOINT")
    load(NOW - timedelta(hours=3), 300, 3)
    database.cursor().execute("PRAGMA disable_checkpoint_on_shutdown")
    database.close()
    assert wal_of(current_file(folder.store)).stat().st_size > 1000
    return sessions


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Counter[str]]:
    root = tmp_path_factory.mktemp("filled")
    return root, fill(DataFolder(root / "data"), root / "backups")


@pytest.fixture
def sessions(filled: tuple[Path, Counter[str]], tmp_path: Path) -> Counter[str]:
    shutil.copytree(filled[0], tmp_path, symlinks=True, dirs_exist_ok=True)
    return filled[1]


@pytest.fixture
def folder(tmp_path: Path, sessions: Counter[str]) -> DataFolder:
    return DataFolder(tmp_path / "data")


@contextmanager
def opened(folder: DataFolder) -> Iterator[Database]:
    database = Database(folder.store)
    try:
        sweep_orphans(database)
        yield database
    finally:
        database.close()


def check_whole(folder: DataFolder, sessions: Counter[str]) -> None:
    with opened(folder) as database:
        load_all(Loader(database, folder.journal), NOW)
        seen = events_seen(database, "session, batch, position")
        assert len(seen) == len(set(seen)) == 3 * len(sessions)
        assert Counter(s.hex for s, _, position in seen if position == 0) == sessions
        assert summaries_seen(database, "sum(views)") == [(len(sessions),)]


def repaired(folder: DataFolder, backups: Path | None) -> str:
    said: list[str] = []
    said += repair_data(folder.root, backups, said.append, lambda done, total, what: None)
    return "\n".join(said)


def spoil(path: Path, start: int, end: int, how: str) -> None:
    whole = path.read_bytes()
    middle = {"zero": bytes(end - start), "flip": bytes(b ^ 0x55 for b in whole[start:end])}
    path.write_bytes(whole[:start] + middle.get(how, b"") + (whole[end:] if how != "cut" else b""))


@pytest.mark.parametrize(
    ("how", "place"),
    [("flip", "start"), ("zero", "middle"), ("flip", "middle"), ("cut", "middle"), ("zero", "end")],
)
def test_a_damaged_log(folder: DataFolder, sessions: Counter[str], how: str, place: str) -> None:
    log = wal_of(current_file(folder.store))
    size = log.stat().st_size
    start = {"start": 0, "middle": size // 2, "end": size - 200}[place]
    spoil(log, start, size if how == "cut" else min(size, start + 400), how)
    said = repaired(folder, None)
    check_whole(folder, sessions)
    assert "rebuilt" not in said


def test_a_log_whose_second_half_is_zeros_is_trimmed(
    folder: DataFolder, sessions: Counter[str]
) -> None:
    log = wal_of(current_file(folder.store))
    size = log.stat().st_size
    spoil(log, size // 2, size, "zero")
    damaged = log.read_bytes()
    said = repaired(folder, None)
    assert "write-ahead log was lost" in said
    check_whole(folder, sessions)
    (aside,) = folder.store.glob("damaged-*")
    assert (aside / log.name).read_bytes() == damaged


@pytest.mark.parametrize(
    ("where", "with_backup"),
    [("header", True), ("middle", True), ("cut", False), ("middle", False), ("gone", True)],
)
def test_a_damaged_database_file(
    folder: DataFolder, sessions: Counter[str], tmp_path: Path, where: str, with_backup: bool
) -> None:
    file = current_file(folder.store)
    size = file.stat().st_size
    if where == "header":
        spoil(file, 0, 12_288, "flip")
    elif where == "middle":
        spoil(file, size // 2, size // 2 + 100_000, "zero")
    elif where == "cut":
        spoil(file, size // 3, size, "cut")
    else:
        file.unlink()
    said = repaired(folder, tmp_path / "backups" if with_backup else None)
    check_whole(folder, sessions)
    wanted = "rebuilt from the backup" if with_backup else "rebuilt from nothing"
    assert wanted in said or "write-ahead log was lost" in said or "is sound" in said, said


def test_a_sound_store_is_left_alone(folder: DataFolder, sessions: Counter[str]) -> None:
    file = current_file(folder.store)
    assert "the database is sound" in repaired(folder, None)
    assert not list(folder.store.glob("damaged-*"))
    assert current_file(folder.store) == file
    check_whole(folder, sessions)


def test_a_missing_sealed_file_comes_back_from_the_backup_or_leaves_the_manifest(
    folder: DataFolder, sessions: Counter[str], tmp_path: Path
) -> None:
    listed = sorted((folder.store / "sealed" / "detail").rglob("*.parquet"))
    listed[-1].unlink()
    said = repaired(folder, None)
    assert "is missing: sealed detail of shop" in said
    with opened(folder) as database:
        assert events_seen(database, "count(*)")[0][0] < 3 * len(sessions)


def test_it_is_refused_while_vigie_runs(folder: DataFolder) -> None:
    lock = Lock(folder.run / "serve.lock")
    with pytest.raises(CommandError, match="stop it first"):
        repaired(folder, None)
    lock.release()


def test_the_command_repairs_and_says_so(
    folder: DataFolder, sessions: Counter[str], tmp_path: Path
) -> None:
    spoil(current_file(folder.store), 0, 12_288, "zero")
    command = [sys.executable, "-m", "vigie", "repair", "--data", str(folder.root)]
    done = subprocess.run(
        [*command, "--backup", str(tmp_path / "backups")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "taking the backup" in done.stdout
    assert "batches and 0 checks from the journal" in done.stdout
    check_whole(folder, sessions)
