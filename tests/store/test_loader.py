"""The loader stores each record of the journal exactly once, and nothing stops it."""

from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.result import CheckResult, MonitorDefinition
from rum.records import Reason, Refusal
from store.admission import read_progress
from store.database import Database
from store.frames import HEADER_BYTES, encode_frame
from store.journal_reader import segments
from store.loader import Loader
from store.records import encode
from store.sealing import SealPolicy, seal_day
from store.times import microseconds
from tests.support.stored import NOON, TODAY, Journal, Maker, events_seen, load_all

NOON_US = microseconds(NOON)


def check(number: int) -> CheckResult:
    return CheckResult(
        monitor="home",
        location="local",
        due_us=number,
        started_us=number,
        outcome=Outcome.OK,
        interval_ms=1,
        timeout_ms=1,
    )


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    return database.cursor().execute(query).fetchall()


def failures(database: Database) -> list[tuple[object, ...]]:
    return rows(database, "SELECT position, reason FROM load_failures ORDER BY position")


def test_one_of_each_kind_goes_to_its_table(
    database: Database, journal: Journal, loader: Loader, make: Maker
) -> None:
    monitor = Monitor(id="home", url="https://example.org/")
    journal.write(
        make.batch(),
        check(5),
        MonitorDefinition(monitor=monitor, from_us=1, location="local"),
        Refusal(received_us=1, reason=Reason.MALFORMED),
    )
    loaded = loader.load_once(NOON)
    counted = (loaded.batches, loaded.events, loaded.checks, loaded.definitions, loaded.refusals)
    assert counted == (1, 3, 1, 1, 1)
    assert (loaded.bytes, loaded.backlog_bytes) == (segments(journal.folder)[0].bytes, 0)
    for table, count in {
        "batches": 1,
        "events": 3,
        "checks": 1,
        "monitor_definitions": 1,
        "refused": 1,
        "load_failures": 0,
    }.items():
        assert rows(database, f"SELECT count(*) FROM {table}") == [(count,)]
    assert loader.load_once(NOON).bytes == 0


def test_a_repeat_is_dropped_within_a_load_across_loads_and_after_a_restart(
    database: Database, journal: Journal, make: Maker
) -> None:
    first, second = make.batch(), make.batch()
    journal.write(first, first, second)
    journal.write(first, writer="collector2")
    loader = Loader(database, journal.folder)
    loaded = loader.load_once(NOON)
    assert (loaded.batches, loaded.repeats) == (2, 2)
    journal.write(replace(second, received_us=second.received_us + 1))
    assert loader.load_once(NOON).repeats == 1
    journal.write(first, make.batch())
    loaded = Loader(database, journal.folder).load_once(NOON)
    assert (loaded.batches, loaded.repeats) == (1, 1)
    assert events_seen(database, "count(*), count(DISTINCT (session, batch, position))") == [(9, 9)]


def test_a_repeat_found_only_in_a_long_backlog_is_dropped(
    database: Database, journal: Journal, make: Maker
) -> None:
    """The loader was away for three days: the retry is old by now, but so is the batch."""
    batch = make.batch()
    journal.write(batch)
    others = [make.batch() for _ in range(100)]
    journal.write(*others, replace(batch, received_us=NOON_US + 1), writer="later")
    loader = Loader(database, journal.folder)
    rounds = load_all(loader, NOON + timedelta(days=3), bytes_max=2000)
    assert len(rounds) > 10
    assert sum(loaded.repeats for loaded in rounds) == 1
    assert sum(loaded.batches for loaded in rounds) == 101


def test_identities_are_forgotten_after_a_day(
    database: Database, journal: Journal, make: Maker
) -> None:
    journal.write(make.batch(time=NOON - timedelta(hours=3)), make.batch(time=NOON))
    seconds = 0.0
    loader = Loader(database, journal.folder, monotonic=lambda: seconds)
    loader.load_once(NOON)
    seconds = 21 * 3600
    loader.load_once(NOON + timedelta(hours=21))
    assert rows(database, "SELECT count(*) FROM batches") == [(2,)]
    seconds = 24 * 3600
    loader.load_once(NOON + timedelta(hours=24))
    assert rows(database, "SELECT received FROM batches") == [(NOON.replace(tzinfo=None),)]


def test_a_round_is_bounded_and_a_backlog_of_one_writer_does_not_hold_up_another(
    journal: Journal, loader: Loader, make: Maker
) -> None:
    journal.write(*(make.batch() for _ in range(500)))
    journal.write(*(check(number) for number in range(10)), writer="prober")
    size = sum(segment.bytes for segment in segments(journal.folder))
    loaded = loader.load_once(NOON, bytes_max=20_000)
    assert loaded.checks == 10
    assert 0 < loaded.bytes <= 20_000
    assert loaded.backlog_bytes == size - loaded.bytes
    assert (
        sum(loaded.batches for loaded in load_all(loader, bytes_max=20_000)) + loaded.batches == 500
    )


def test_rounds_of_one_load_that_say_other_things_are_stored_as_they_said(
    database: Database,
    journal: Journal,
    loader: Loader,
    make: Maker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What no batch of a round said has no column there to speak of."""
    monkeypatch.setattr("store.loader.ROUND_BYTES_MAX", 1)
    batches = [
        make.batch(kinds=["view"]),
        make.batch(kinds=["view"], segments={"plan": "pro"}, level="novice"),
        make.batch(kinds=["vitals"]),
    ]
    journal.write(*batches)
    assert loader.load_once(NOON, bytes_max=3).batches == 3
    said = rows(database, "SELECT segments, level, lcp_ms, country FROM events ORDER BY rowid")
    assert said == [
        (None, None, None, None),
        ({"plan": "pro"}, "novice", None, None),
        (None, None, 1200.5, None),
    ]


def test_a_repeat_in_a_later_round_of_the_same_load_is_dropped(
    database: Database,
    journal: Journal,
    loader: Loader,
    make: Maker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("store.loader.ROUND_BYTES_MAX", 2_000)
    batches = [make.batch() for _ in range(100)]
    journal.write(*batches, check(1), *batches[::-1], check(2))
    loaded = loader.load_once(NOON)
    assert (loaded.batches, loaded.repeats, loaded.checks) == (100, 100, 2)
    assert loaded.backlog_bytes == 0
    assert events_seen(database, "count(*), count(DISTINCT (session, batch, position))") == [
        (300, 300)
    ]
    journal.write(*batches)
    assert loader.load_once(NOON).repeats == 100


def test_a_frame_longer_than_the_round_is_still_loaded(
    journal: Journal, loader: Loader, make: Maker
) -> None:
    journal.write(make.batch(kinds=["view"] * 500))
    assert loader.load_once(NOON, bytes_max=100).events == 500


def test_a_bad_payload_costs_only_itself(
    database: Database, journal: Journal, loader: Loader, make: Maker
) -> None:
    good = encode_frame(encode(make.batch()))
    bad = [
        b"\xc1 not msgpack",
        encode(Refusal(received_us=1, reason=Reason.TOO_OLD)).replace(b"too_old", b"too_new"),
        encode(make.batch(session="Z" * 32)),
        encode(make.batch(received_us=-1)),
        encode(make.batch(kinds=["view"] * 3, received_us=2**62)),
    ]
    data, positions = b"", []
    for payload in bad:
        positions.append(len(data))
        data += encode_frame(payload) + encode_frame(encode(make.batch()))
    (journal.folder).mkdir()
    path = journal.folder / f"collector-{1:020d}.journal"
    path.write_bytes(data + good)
    loaded = loader.load_once(NOON)
    assert (loaded.batches, loaded.failures) == (6, 5)
    reasons = ["undecodable", "undecodable", "unstorable", "unstorable", "unstorable"]
    assert failures(database) == list(zip(positions, reasons, strict=True))
    assert loader.load_once(NOON).failures == 0


@pytest.mark.parametrize("last", [True, False])
def test_an_unfinished_frame_is_waited_for_only_in_the_segment_that_grows(
    database: Database, journal: Journal, loader: Loader, make: Maker, last: bool
) -> None:
    journal.write(make.batch(), make.batch())
    path = segments(journal.folder)[0].path
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    if not last:
        journal.write(make.batch())
    loaded = loader.load_once(NOON)
    assert loaded.batches == (1 if last else 2)
    assert [reason for _, reason in failures(database)] == ([] if last else ["torn"])
    assert (loaded.backlog_bytes == 0) == (not last)
    if last:
        path.write_bytes(whole)
    loaded = loader.load_once(NOON)
    assert (loaded.batches, loaded.failures) == ((1, 0) if last else (0, 0))


@pytest.mark.parametrize(
    ("offset", "damage", "reason", "batches"),
    [
        (HEADER_BYTES + 5, b"\xff", "corrupt", 2),  # in the first payload: its length leads on
        (3, b"\xff", "corrupt", 0),  # in the first length: nothing after it can be trusted
        (0, b"\0" * 10_000, "zeroed", 0),
    ],
)
def test_damage_in_an_older_segment_is_reported_once_and_passed(
    database: Database,
    journal: Journal,
    loader: Loader,
    make: Maker,
    offset: int,
    damage: bytes,
    reason: str,
    batches: int,
) -> None:
    journal.write(make.batch(), make.batch(), make.batch())
    path = segments(journal.folder)[0].path
    data = bytearray(path.read_bytes())
    data[offset : offset + len(damage)] = damage[: len(data) - offset]
    path.write_bytes(data)
    journal.write(make.batch())
    rounds = load_all(loader)
    assert sum(loaded.batches for loaded in rounds) == batches + 1
    assert failures(database) == [(0, reason)]


STEPS = ["read", "rows inserted", "cursors advanced", "committed"]


@pytest.mark.parametrize("stop_at", STEPS)
def test_a_round_that_fails_stores_all_or_nothing_and_the_next_call_goes_on(
    database: Database, journal: Journal, make: Maker, stop_at: str
) -> None:
    """Above all: a batch whose transaction failed is no repeat of itself afterwards."""
    fails = True

    def step(name: str) -> None:
        if fails and name == stop_at:
            raise InterruptedError(name)

    loader = Loader(database, journal.folder, step=step)
    fails = False
    journal.write(make.batch())
    loader.load_once(NOON)
    journal.write(make.batch(), make.batch(), check(1))
    fails = True
    with pytest.raises(InterruptedError):
        loader.load_once(NOON)
    committed = stop_at == "committed"
    assert rows(database, "SELECT count(*) FROM batches") == [(3 if committed else 1,)]
    assert rows(database, "SELECT count(*) FROM cursors") == [(2 if committed else 1,)]
    fails = False
    loaded = loader.load_once(NOON)
    assert loaded.batches == (0 if committed else 2)
    assert loaded.repeats == 0
    assert events_seen(database, "count(*), count(DISTINCT (session, batch, position))") == [(9, 9)]
    assert rows(database, "SELECT count(*) FROM checks") == [(1,)]


def test_segments_go_when_loaded_superseded_and_old_enough(
    database: Database, journal: Journal, loader: Loader, make: Maker
) -> None:
    for hours in (60, 49, 47, 1):
        time = NOON - timedelta(hours=hours)
        journal.write(make.batch(time=time), start_us=microseconds(time))
    loader.load_once(NOON, bytes_max=10)  # only the first is read
    assert len(segments(journal.folder)) == 3, "superseded 49 h ago, and loaded"
    load_all(loader)
    starts = [NOON_US - segment.start_us for segment in segments(journal.folder)]
    assert [start // 3_600_000_000 for start in starts] == [49, 47, 1], "superseded 47 h ago"
    assert rows(database, "SELECT count(*) FROM cursors") == [(3,)]
    load_all(loader, NOON + timedelta(days=9))
    assert len(segments(journal.folder)) == 1, "the one that may grow stays"
    assert sum(loaded.batches for loaded in load_all(Loader(database, journal.folder))) == 0


def test_other_processes_can_read_how_far_it_came(
    journal: Journal, loader: Loader, make: Maker
) -> None:
    journal.write(*(make.batch() for _ in range(10)))
    (segment,) = segments(journal.folder)
    loader.load_once(NOON, bytes_max=1000)
    assert 0 < read_progress(journal.folder)[segment.name] < segment.bytes
    loader.load_once(NOON)
    assert read_progress(journal.folder) == {segment.name: segment.bytes}


def test_rows_of_a_sealed_day_still_load_and_are_sealed_into_further_files(
    database: Database, journal: Journal, loader: Loader, make: Maker
) -> None:
    journal.write(make.batch())
    loader.load_once(NOON)
    policy = SealPolicy(site="shop")
    seal_day(database, policy, TODAY, NOON)
    journal.write(make.batch(), make.batch())
    loader.load_once(NOON)
    assert rows(database, "SELECT count(*) FROM events") == [(6,)]
    assert events_seen(database, "count(*)") == [(9,)]
    assert seal_day(database, policy, TODAY, NOON).events == 6
    assert events_seen(database, "count(*), count(DISTINCT (session, batch, position))") == [(9, 9)]


def test_no_journal_yet_is_nothing_to_load(database: Database, tmp_path: Path) -> None:
    assert Loader(database, tmp_path / "none").load_once(NOON).bytes == 0
