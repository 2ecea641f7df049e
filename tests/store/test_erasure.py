"""Erasing a user or a session leaves no trace of them in any file, and all of everybody else."""

import gzip
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from store.database import Database
from store.erasing_journal import blank_payload
from store.erasing_scan import forms_of, scan
from store.erasure import Waiting
from store.erasure_receipts import receipts
from store.error_groups import note_errors
from store.journal_writer import lock_writer
from store.loader import Loader
from store.records import Erased, decode
from store.tombstones import FILE_NAME, Subject, Tombstones, merge_tombstones
from tests.support.erasing import (
    ANNA,
    BERT,
    QUOTED_IN_CHUNK,
    SECRET,
    Kept,
    eraser_of,
    fill,
    finished,
)
from tests.support.stored import (
    NOON,
    Journal,
    Maker,
    events_seen,
    files_listed,
    files_on_disk,
    load_all,
    summaries_seen,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def kept(folder: Path) -> Kept:
    return fill(folder)


@pytest.fixture
def store(kept: Kept, folder: Path) -> Any:
    database = Database(folder / "store")
    yield database
    database.close()


def sessions_left(database: Database) -> set[str]:
    return {session.hex for (session,) in events_seen(database, "DISTINCT session")}


def test_a_user_is_erased_with_all_their_sessions_and_nobody_else(
    store: Database, kept: Kept, folder: Path
) -> None:
    before = scan([folder], kept.of_anna(), [ANNA])
    assert not before.clean, "or the scan at the end would prove nothing"
    eraser = eraser_of(store, folder)
    receipt = finished(eraser, eraser.ask("shop", Subject.USER, ANNA, NOON))

    assert scan([folder], kept.of_anna(), [ANNA]).places == ()
    others = {batch.session for batch in [*kept.bert, *kept.nobody]}
    assert others <= sessions_left(store)
    assert not sessions_left(store) & set(kept.of_anna())
    summarised = {session.hex for (session,) in summaries_seen(store, "DISTINCT session")}
    assert others <= summarised
    assert not summarised & set(kept.of_anna())
    assert files_on_disk(store) == files_listed(store)
    assert (receipt.sessions, receipt.removed.events) == (12, 24 * 3)
    assert (receipt.removed.frames, receipt.removed.replays, receipt.removed.refused) == (26, 1, 1)
    assert receipt.removed.files >= 4
    assert receipt.scanned_bytes > 10_000
    assert receipts(store, NOON, NOON + timedelta(seconds=1)) == [receipt]
    assert eraser.waiting() == []


def test_one_session_is_erased_and_the_others_of_its_user_stay(
    store: Database, kept: Kept, folder: Path
) -> None:
    gone, *stay = kept.of_anna()
    eraser = eraser_of(store, folder)
    finished(eraser, eraser.ask("shop", Subject.SESSION, gone, NOON))
    assert scan([folder], [gone]).clean
    assert set(stay) <= sessions_left(store)


def test_what_is_erased_does_not_come_back_from_the_journal(
    store: Database, kept: Kept, folder: Path
) -> None:
    eraser = eraser_of(store, folder)
    finished(eraser, eraser.ask("shop", Subject.USER, ANNA, NOON))
    store.close()
    (folder / "store" / "vigie.duckdb").unlink()
    fresh = Database(folder / "store")
    rounds = load_all(Loader(fresh, folder / "journal"))
    assert sum(loaded.failures for loaded in rounds) == 0, "blanks are no damage"
    assert not sessions_left(fresh) & set(kept.of_anna())
    assert {batch.session for batch in kept.bert} <= sessions_left(fresh)
    fresh.close()


def test_a_retry_after_the_erasure_is_dropped_and_a_new_visit_is_not(
    store: Database, kept: Kept, folder: Path
) -> None:
    eraser = eraser_of(store, folder)
    finished(eraser, eraser.ask("shop", Subject.USER, ANNA, NOON))
    make, journal = Maker(99), Journal(folder / "journal")
    late = make.batch(session=kept.of_anna()[0], number=9, time=NOON + timedelta(minutes=1))
    delayed = make.batch(user=ANNA, time=NOON - timedelta(minutes=1))
    back = make.batch(user=ANNA, time=NOON + timedelta(days=1))
    journal.write(late, delayed, back)
    stones = Tombstones(folder / FILE_NAME, SECRET)
    loaded = load_all(Loader(store, folder / "journal", tombstones=stones))
    assert sum(each.erased for each in loaded) == 2
    assert back.session in sessions_left(store)
    assert not {late.session, delayed.session} & sessions_left(store)


def test_a_segment_that_still_grows_is_waited_for(
    store: Database, kept: Kept, folder: Path
) -> None:
    make, journal = Maker(98), Journal(folder / "journal")
    mine = make.batch(user=ANNA, time=NOON - timedelta(minutes=1))
    journal.write(mine, writer="collector-2")
    load_all(Loader(store, folder / "journal"))
    asked = []
    eraser = eraser_of(store, folder, roll_journal=lambda: asked.append(True))
    request = eraser.ask("shop", Subject.USER, ANNA, NOON)
    held = lock_writer(folder / "journal", "collector-2")
    assert eraser.run(request, NOON) is Waiting.JOURNAL_GROWS
    assert asked
    os.close(held)
    (request,) = eraser.waiting()
    finished(eraser, request)
    assert scan([folder], [*kept.of_anna(), mine.session], [ANNA]).clean


def test_a_report_that_reads_a_replaced_file_keeps_it_until_it_ends(
    store: Database, kept: Kept, folder: Path
) -> None:
    eraser = eraser_of(store, folder)
    request = eraser.ask("shop", Subject.USER, ANNA, NOON)
    with store.snapshot() as snapshot:
        files = snapshot.summary_files(["shop"], NOON.date() - timedelta(days=9), NOON.date())
        with ThreadPoolExecutor(1) as thread:  # as in the console: its job has a thread of its own
            assert thread.submit(eraser.run, request, NOON).result() is Waiting.FILES_IN_USE
        assert all(Path(file).exists() for file in files)
    (request,) = eraser.waiting()
    finished(eraser, request)
    assert scan([folder], kept.of_anna(), [ANNA]).clean


def test_copies_of_before_a_migration_go_and_what_a_repair_set_aside_is_told(
    store: Database, kept: Kept, folder: Path
) -> None:
    gone = kept.of_anna()[0]
    (folder / "store" / "before-migration-7.duckdb").write_bytes(gone.encode())
    aside = folder / "store" / "damaged-2026-03-09T120000Z" / "vigie.duckdb"
    aside.parent.mkdir()
    aside.write_bytes(gone.encode())
    eraser = eraser_of(store, folder)
    request = eraser.ask("shop", Subject.SESSION, gone, NOON)
    assert eraser.run(request, NOON) is Waiting.SET_ASIDE
    assert not (folder / "store" / "before-migration-7.duckdb").exists()
    aside.unlink()
    (request,) = eraser.waiting()
    finished(eraser, request)


def test_somebody_unknown_is_erased_with_an_empty_receipt(
    store: Database, kept: Kept, folder: Path
) -> None:
    eraser = eraser_of(store, folder)
    receipt = finished(eraser, eraser.ask("shop", Subject.USER, "c" * 32, NOON))
    assert (receipt.sessions, receipt.removed.events) == (0, 0)


def test_every_form_of_an_id_in_a_file_or_a_name_is_found(tmp_path: Path) -> None:
    session = Maker(5).session()
    for number, form in enumerate(forms_of(session)):
        path = tmp_path / str(number)
        path.mkdir()
        (path / "file").write_bytes(b"x" * 100 + form + b"y")
        assert scan([path], [session]).places == ("file",)
        assert scan([path], [Maker(6).session()]).clean
    named = tmp_path / "named" / session
    named.mkdir(parents=True)
    (named / "0.gz").write_bytes(b"")
    assert not scan([tmp_path / "named"], [session]).clean


def test_an_id_across_two_chunks_of_a_read_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Maker(5).session()
    monkeypatch.setattr("store.erasing_scan.CHUNK_BYTES", 64)
    for offset in range(130):
        (tmp_path / "file").write_bytes(b"x" * offset + session.encode() + b"z" * 70)
        assert not scan([tmp_path], [session]).clean


def test_blanks_have_every_length_a_record_can_have() -> None:
    for length in [*range(16, 700), *range(65_500, 65_700), 4 * 1024 * 1024]:
        payload = blank_payload(length)
        assert len(payload) == length
        assert isinstance(decode(payload), Erased)


def test_tombstones_name_nobody_and_survive_a_torn_write(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    stones = Tombstones(path, SECRET)
    stones.add(Subject.SESSION, "shop", [ANNA], erased_us=1, receipt="r1")
    assert ANNA.encode() not in path.read_bytes()
    with path.open("ab") as file:
        file.write(b'{"subject":"sess')
    again = Tombstones(path, SECRET)
    again.add(Subject.SESSION, "shop", [BERT], erased_us=2, receipt="r2")
    last = Tombstones(path, SECRET)
    assert last.covers_session("shop", ANNA)
    assert last.covers_session("shop", BERT)
    assert not last.covers_session("blog", ANNA)


def test_a_damaged_tombstone_is_an_error_and_not_a_way_back(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_text("{}\n")
    with pytest.raises(ValueError, match="line 1, is no tombstone"):
        Tombstones(path, SECRET)


def test_a_restored_folder_takes_over_tombstones_made_since(tmp_path: Path) -> None:
    newer, restored = tmp_path / "newer", tmp_path / "restored"
    stones = Tombstones(newer, SECRET)
    stones.add(Subject.SESSION, "shop", [ANNA, BERT], erased_us=1, receipt="r1")
    Tombstones(restored, SECRET).add(Subject.SESSION, "shop", [ANNA], erased_us=1, receipt="r1")
    assert merge_tombstones(newer, restored) == 1
    assert merge_tombstones(newer, restored) == 0
    assert Tombstones(restored, SECRET).covers_session("shop", BERT)


def test_receipts_are_listed_by_when_they_were_finished(
    store: Database, kept: Kept, folder: Path
) -> None:
    eraser = eraser_of(store, folder)
    first = finished(eraser, eraser.ask("shop", Subject.SESSION, kept.of_anna()[0], NOON))
    assert receipts(store, datetime(2026, 3, 1, tzinfo=UTC), NOON) == []
    assert receipts(store, NOON, datetime(2026, 4, 1, tzinfo=UTC)) == [first]


def test_a_user_who_is_back_does_not_keep_the_erasure_of_before_from_its_end(
    store: Database, kept: Kept, folder: Path
) -> None:
    eraser = eraser_of(store, folder)
    request = eraser.ask("shop", Subject.USER, ANNA, NOON)
    back = Maker(97).batch(user=ANNA, time=NOON + timedelta(minutes=1))
    Journal(folder / "journal").write(back)
    load_all(Loader(store, folder / "journal", tombstones=Tombstones(folder / FILE_NAME, SECRET)))
    finished(eraser, request)
    assert scan([folder], kept.of_anna()).clean
    assert back.session in sessions_left(store)


def test_another_site_keeps_its_part_of_a_session_and_the_erasure_ends(
    store: Database, kept: Kept, folder: Path
) -> None:
    gone = kept.of_anna()[0]  # two sites of one origin share what the browser keeps
    make, journal = Maker(96), Journal(folder / "journal")
    others = make.batch(site="blog", session=gone, number=500)
    journal.write(others)
    load_all(Loader(store, folder / "journal"))
    eraser = eraser_of(store, folder)
    finished(eraser, eraser.ask("shop", Subject.SESSION, gone, NOON))
    left = store.cursor().execute(
        "SELECT DISTINCT site FROM events WHERE session = ?::UUID", [gone]
    )
    assert left.fetchall() == [("blog",)]
    known = store.cursor().execute("SELECT batch FROM batches WHERE session = ?::UUID", [gone])
    assert known.fetchall() == [(others.batch,)]
    journal.write(others)
    assert next(loaded.repeats for loaded in load_all(Loader(store, folder / "journal"))) == 1


def quoted_rows(database: Database) -> list[tuple[Any, ...]]:
    columns = "session, day, kind, time, page, path, attributes, message, stack, click, release"
    return sorted(events_seen(database, f"{columns}, segments, referrer", site="blog"), key=repr)


def test_what_others_quote_is_masked_and_all_else_of_theirs_stays(
    store: Database, kept: Kept, folder: Path
) -> None:
    note_errors(store, NOON)
    before = quoted_rows(store)
    eraser = eraser_of(store, folder)
    receipt = finished(eraser, eraser.ask("shop", Subject.USER, ANNA, NOON))
    assert scan([folder], kept.of_anna(), [ANNA]).places == ()
    after = quoted_rows(store)
    assert len(after) == len(before) == 9
    text = repr(before)
    for id_ in [*kept.of_anna(), ANNA]:
        dashed = str(UUID(id_))
        for each in (id_, id_.upper(), dashed):
            text = text.replace(each, re.sub("[0-9a-fA-F]", "x", each))
    assert repr(after) == text
    rows = {"events": 9, "summaries": 2, "release": 1, "group of errors": 1, "its counts": 2}
    assert receipt.removed.masked == sum(rows.values()) + 3 + 1, "records and a chunk"
    assert chunk_text(folder, kept) == f'{{"text":"{QUOTED_IN_CHUNK.replace("a", "x")}"}}'


def chunk_text(folder: Path, kept: Kept) -> str:
    (path,) = (folder / "store" / "replays").rglob(f"{kept.bert[0].session}/*.gz")
    return gzip.decompress(path.read_bytes()).decode()


def test_a_store_rebuilt_from_the_journal_holds_what_was_masked_alike(
    store: Database, kept: Kept, folder: Path
) -> None:
    eraser = eraser_of(store, folder)
    finished(eraser, eraser.ask("shop", Subject.USER, ANNA, NOON))
    masked = quoted_rows(store)
    store.close()
    shutil.rmtree(folder / "store")
    fresh = Database(folder / "store")
    rounds = load_all(Loader(fresh, folder / "journal"))
    assert sum(loaded.failures for loaded in rounds) == 0
    assert quoted_rows(fresh) == masked
    fresh.close()


def test_a_masked_recording_has_another_size_than_the_one_a_backup_has(
    store: Database, kept: Kept, folder: Path
) -> None:
    """A backup takes a file of the same name and size for the one it has already."""
    (path,) = (folder / "store" / "replays").rglob(f"{kept.bert[0].session}/*.gz")
    before = path.stat().st_size
    eraser = eraser_of(store, folder)
    finished(eraser, eraser.ask("shop", Subject.USER, ANNA, NOON))
    assert path.stat().st_size != before


def test_what_is_of_a_key_goes_where_its_mask_would_not_tell_two_apart(
    store: Database, kept: Kept, folder: Path
) -> None:
    note_errors(store, NOON)  # knows of the releases, one a site and name
    releases = "SELECT count(*) FROM site_releases WHERE site = 'blog'"
    assert store.cursor().execute(releases).fetchall() == [(1,)]
    eraser = eraser_of(store, folder)
    finished(eraser, eraser.ask("shop", Subject.USER, ANNA, NOON))
    assert store.cursor().execute(releases).fetchall() == [(0,)]


def test_a_trace_in_a_file_that_is_not_ours_is_waited_for(
    store: Database, kept: Kept, folder: Path
) -> None:
    gone = kept.of_anna()[0]
    (folder / "store" / "notes.txt").write_text(f"called about {gone.upper()}")
    eraser = eraser_of(store, folder)
    assert eraser.run(eraser.ask("shop", Subject.SESSION, gone, NOON), NOON) is Waiting.TRACES_FOUND
