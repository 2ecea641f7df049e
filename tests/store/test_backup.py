"""A backup taken live equals the store at its instant, and is known to when it does not."""

import gzip
import os
import threading
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from rum.records import Batch
from store.backup import FREE_BYTES_MIN, NoRoomError, back_up
from store.backup_files import (
    Backup,
    BackupUnreadableError,
    backups_in,
    chosen_backup,
    expire_backups,
    read_manifest,
)
from store.database import Database
from store.journal_reader import read_frames, segments
from store.loader import Loader
from store.records import decode
from store.restore import NotEmptyError, ProblemKind, restore_store, verify_backup
from store.sealing import SealPolicy, days_due, seal_day
from store.snapshot import SOURCE_MAPS_FOLDER
from store.source_maps import SourceMapLimits, add_source_map, source_map_releases
from tests.support.stored import NOON, Journal, Maker, events_seen, load_all, summaries_seen

EVER_H = 500_000.0
KEYS = "session, batch, position"


def restored(backup: Backup, into: Path) -> Database:
    restore_store(backup.folder, into, read_manifest(backup.folder))
    return Database(into)


def journaled(folder: Path, positions: dict[str, int]) -> Counter[tuple[str, int, int]]:
    """The events in the journal up to where each segment had been loaded."""
    found: Counter[tuple[str, int, int]] = Counter()
    for segment in segments(folder):
        for frame in read_frames(segment.path, 0).frames:
            record = decode(frame.payload)
            if isinstance(record, Batch) and frame.end <= positions.get(segment.name, 0):
                found.update((record.session, record.batch, e.position) for e in record.events)
    return found


def stored(database: Database) -> Counter[tuple[str, int, int]]:
    return Counter(
        (session.hex, batch, position) for session, batch, position in events_seen(database, KEYS)
    )


def test_taken_under_load_it_holds_just_what_was_loaded_at_its_instant(
    database: Database, journal: Journal, make: Maker, tmp_path: Path
) -> None:
    stop, loaded_some = threading.Event(), threading.Event()
    loader = Loader(database, journal.folder, segments_kept_h=EVER_H)

    def load() -> None:
        while not stop.is_set():
            age = timedelta(days=make.random.randrange(0, 2))
            journal.write(*(make.batch(time=NOON - age) for _ in range(20)))
            load_all(loader)
            for site, day in days_due(database, NOON, hot_days=0):
                seal_day(database, SealPolicy(site=site, keep=1.0), day, NOON)
            loaded_some.set()

    loading = threading.Thread(target=load)
    loading.start()
    backups = []
    for _ in range(3):
        for _ in range(2):  # the round under way may have loaded before the backup of before
            loaded_some.clear()
            assert loaded_some.wait(60)
        backups.append(back_up(database, tmp_path / "backups", NOON))
    stop.set()
    loading.join()
    sizes = []
    for number, backup in enumerate(backups):
        manifest = read_manifest(backup.folder)
        again = restored(backup, tmp_path / f"again-{number}")
        wanted = journaled(journal.folder, manifest.positions)
        assert stored(again) == wanted
        assert set(wanted.values()) == {1}
        sizes.append(len(wanted))
        # What the journal still holds comes on top, once.
        load_all(Loader(again, journal.folder, segments_kept_h=EVER_H))
        assert stored(again) == stored(database)
        again.close()
    assert sizes[0] < sizes[1] < sizes[2]


@pytest.fixture
def sealed(database: Database, loader: Loader, journal: Journal, make: Maker) -> Database:
    """A store with a sealed day, a hot day, a replay and a source map."""
    journal.write(*(make.batch(time=NOON - timedelta(days=3)) for _ in range(50)))
    journal.write(*(make.batch() for _ in range(50)))
    load_all(loader)
    seal_day(database, SealPolicy(site="shop", keep=1.0), (NOON - timedelta(days=3)).date(), NOON)
    replay = database.folder / "replays" / "shop" / "2026-03-10" / "5e55" / "1-0.gz"
    replay.parent.mkdir(parents=True)
    replay.write_bytes(b"chunk")
    add_source_map(database, ("shop", "1.0", "/app.js"), b"map", b"", NOON, SourceMapLimits())
    return database


def test_what_is_restored_is_what_was_backed_up(sealed: Database, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("ab" * 32)
    seen: list[tuple[int, int, str]] = []
    backup = back_up(
        sealed,
        tmp_path / "backups",
        NOON,
        more_files={"secret": secret, "monitors.json": tmp_path / "none"},
        progress=lambda done, total, what: seen.append((done, total, what)),
    )
    kept = backup.folder / "data" / "secret"
    assert kept.read_text() == "ab" * 32
    assert kept.stat().st_mode & 0o777 == 0o600
    assert backup.folder.stat().st_mode & 0o777 == 0o700
    assert seen[-1][0] <= seen[-1][1]
    again = restored(backup, tmp_path / "again")
    assert stored(again) == stored(sealed)
    assert summaries_seen(again, "count(*), sum(views)") == [(100, 100)]
    assert (again.folder / "replays/shop/2026-03-10/5e55/1-0.gz").read_bytes() == b"chunk"
    (kept_map,) = (again.folder / SOURCE_MAPS_FOLDER).iterdir()
    assert gzip.decompress(kept_map.read_bytes()) == b"map"
    assert [each.release for each in source_map_releases(again)] == ["1.0"]
    again.close()
    with pytest.raises(NotEmptyError, match="is not empty"):
        restored(backup, tmp_path / "again")


def test_what_is_sealed_is_stored_once_for_all_backups(sealed: Database, tmp_path: Path) -> None:
    first = back_up(sealed, tmp_path / "backups", NOON)
    second = back_up(sealed, tmp_path / "backups", NOON)
    files = [file.path for file in read_manifest(second.folder).files]
    linked = [path for path in files if (second.folder / path).stat().st_nlink == 2]
    assert sorted(linked) == sorted(set(files) - {"vigie.duckdb"})
    assert len(linked) == 5
    assert expire_backups(tmp_path / "backups", NOON, keep=1, retention_days=30) == 1
    assert [each.folder for each in backups_in(tmp_path / "backups")] == [second.folder]
    assert not first.folder.exists()
    assert verify_backup(second.folder, NOON) == []


def test_a_good_backup_is_verified_and_says_when(sealed: Database, tmp_path: Path) -> None:
    backup = back_up(sealed, tmp_path / "backups", NOON)
    later = NOON + timedelta(hours=1)
    assert verify_backup(backup.folder, later) == []
    (known,) = backups_in(tmp_path / "backups")
    assert known.verified is not None
    assert known.verified.verified_at == later
    assert {path.name for path in (tmp_path / "backups").iterdir()} == {backup.folder.name}


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_damage_to_any_file_is_found(sealed: Database, tmp_path: Path, damage: str) -> None:
    backup = back_up(sealed, tmp_path / "backups", NOON)
    for file in read_manifest(backup.folder).files:
        path = backup.folder / file.path
        whole = path.read_bytes()
        if damage == "flip":
            middle = len(whole) // 2
            path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        elif damage == "cut":
            os.truncate(path, len(whole) - 1)
        else:
            path.unlink()
        (problem,) = verify_backup(backup.folder, NOON)
        missing = damage == "remove"
        assert problem.kind is (ProblemKind.MISSING if missing else ProblemKind.CHANGED)
        assert problem.what == file.path
        path.write_bytes(whole)
    assert verify_backup(backup.folder, NOON) == []


def test_rows_that_are_not_those_of_the_manifest_are_found(
    sealed: Database, tmp_path: Path
) -> None:
    backup = back_up(sealed, tmp_path / "backups", NOON)
    path = backup.folder / "manifest.json"
    wanted = read_manifest(backup.folder).tables["events"]
    text = path.read_text().replace(f'"checksum": "{wanted.checksum}"', '"checksum": "12"')
    path.write_text(text)
    (problem,) = verify_backup(backup.folder, NOON)
    assert problem.kind is ProblemKind.DIFFERS
    assert problem.what.startswith("events: ")


def test_a_source_map_that_was_not_taken_is_found(sealed: Database, tmp_path: Path) -> None:
    (map_file,) = (sealed.folder / SOURCE_MAPS_FOLDER).iterdir()
    map_file.rename(tmp_path / "elsewhere")
    backup = back_up(sealed, tmp_path / "backups", NOON)
    (problem,) = verify_backup(backup.folder, NOON)
    assert (problem.kind, "script of /app.js" in problem.what) == (ProblemKind.MISSING, True)


def test_the_newest_always_stays(sealed: Database, tmp_path: Path) -> None:
    into = tmp_path / "backups"
    made = [back_up(sealed, into, NOON - timedelta(days=age)) for age in (50, 40, 9, 8)]
    (into / "unfinished-2026-01-01T000000Z").mkdir()
    assert expire_backups(into, NOON, keep=7, retention_days=30) == 2
    assert [each.folder for each in backups_in(into)] == [made[2].folder, made[3].folder]
    assert len(list(into.iterdir())) == 2
    late = NOON + timedelta(days=365)
    assert expire_backups(into, late, keep=7, retention_days=30) == 1
    assert chosen_backup(into) == made[3].folder


def test_a_folder_without_room_is_said_so_before_anything_is_copied(
    sealed: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.backup.FREE_BYTES_MIN", FREE_BYTES_MIN * 10**9)
    with pytest.raises(NoRoomError, match="bytes free"):
        back_up(sealed, tmp_path / "backups", NOON)
    assert backups_in(tmp_path / "backups") == []


@pytest.mark.parametrize("content", [None, b"{", b'{"version": 99}'])
def test_what_is_no_backup_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(BackupUnreadableError):
        read_manifest(chosen_backup(tmp_path))
