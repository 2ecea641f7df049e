"""A sealed day answers as it did when hot, but for the detail of sessions nobody chose to keep."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pytest
from msgspec.structs import replace

from rum.bucket import bucket_end, bucket_of
from rum.records import Batch
from store import sealing as sealing_module
from store.columns import batch_tables
from store.database import Database
from store.rows import insert
from store.sealed_files import SCHEMA_VERSION
from store.sealing import STEPS, SealPolicy, days_due, seal_day, sweep_orphans
from store.times import microseconds
from tests.support.stored import (
    NOON,
    TODAY,
    Maker,
    events_seen,
    files_listed,
    files_on_disk,
    summaries_seen,
)

SHOP = SealPolicy(site="shop")
HALF = SealPolicy(site="shop", sample=0.2, keep=0.5)


def fill(database: Database, *batches: Batch) -> None:
    for table, rows in batch_tables(batches).items():
        insert(database.cursor(), table, rows)


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    return database.cursor().execute(query).fetchall()


def sessions_of(database: Database, content: str) -> set[str]:
    """The sessions in a content's files, by their ids."""
    files = [
        str(database.sealed / file) for file in files_listed(database) if f"/{content}-" in file
    ]
    query = "SELECT DISTINCT replace(session::VARCHAR, '-', '') FROM read_parquet($files)"
    return {session for (session,) in database.cursor().execute(query, {"files": files}).fetchall()}


def everything(database: Database) -> list[list[tuple[Any, ...]]]:
    """All columns; an attribution that says nothing is the same as none."""
    events = events_seen(database, "* REPLACE (written_attribution(attribution) AS attribution)")
    return [sorted(seen, key=repr) for seen in (events, summaries_seen(database, "*"))]


def test_everything_reads_the_same_hot_and_sealed(database: Database, make: Maker) -> None:
    fill(
        database,
        *(
            make.batch(
                # Whole milliseconds, as from browsers, and others.
                time=NOON
                + timedelta(minutes=make.random.randrange(900))
                + timedelta(microseconds=make.random.choice([0, 5_000, 7_001])),
                kinds=make.random.choices(["view", "vitals", "event", "error"], k=5),
                level="novice",
                segments={"plan": "pro"},
                user="u",
                received_us=int(NOON.timestamp()) * 1_000_000 + make.random.randrange(10**6),
            )
            for _ in range(300)
        ),
    )
    database.cursor().execute(
        "UPDATE events SET client_time = time - INTERVAL 9 DAY WHERE position > 2"
    )
    database.cursor().execute("UPDATE events SET sent = NULL WHERE position = 1")
    database.cursor().execute(
        "UPDATE events SET attribution = struct_pack(lcp_target := 'img', cls_time_ms := 2.5)"
        " WHERE kind = 'vitals' AND position = 2"
    )
    before = everything(database)
    for day in (TODAY, TODAY + timedelta(days=1)):
        assert seal_day(database, SHOP, day, NOON).events
    assert rows(database, "SELECT count(*) FROM events") == [(0,)]
    assert everything(database) == before


def test_detail_is_kept_by_bucket_in_two_files_and_summaries_of_everyone(
    database: Database, make: Maker
) -> None:
    sample_end, keep_end = bucket_end(0.2), bucket_end(0.5)
    ends = [0, sample_end - 1, sample_end, keep_end - 1, keep_end, 2**32 - 1]
    sessions = [make.session(bucket) for bucket in ends] + [make.session() for _ in range(400)]
    fill(database, *(make.batch(session=session) for session in sessions))
    sealed = seal_day(database, HALF, TODAY, NOON)
    sampled = {session for session in sessions if bucket_of(session) < sample_end}
    kept = {session for session in sessions if bucket_of(session) < keep_end}
    assert sessions_of(database, "sample") == sampled
    assert sessions_of(database, "rest") == kept - sampled
    assert sessions_of(database, "summaries") == set(sessions)
    assert (sealed.sessions, sealed.events, sealed.kept_events) == (406, 3 * 406, 3 * len(kept))
    assert summaries_seen(database, "DISTINCT inclusion") == [(0.5,)]
    assert events_seen(database, "count(DISTINCT session)", rest=False) == [(len(sampled),)]
    listed = rows(
        database,
        "SELECT content, rows, sample, keep, schema_version, bytes > 0, dropped_at"
        " FROM sealed_files ORDER BY content",
    )
    assert listed == [
        ("rest", 3 * len(kept - sampled), 0.2, 0.5, SCHEMA_VERSION, True, None),
        ("sample", 3 * len(sampled), 0.2, 0.5, SCHEMA_VERSION, True, None),
        ("summaries", 406, 0.2, 0.5, SCHEMA_VERSION, True, None),
    ]


def test_sealed_rows_are_sorted_for_reading_by_bucket(database: Database, make: Maker) -> None:
    fill(database, *(make.batch(number=n) for n in range(50)))
    seal_day(database, SHOP, TODAY, NOON)
    for file in files_listed(database) - {f for f in files_listed(database) if "summaries" in f}:
        order = "bucket, session, time, batch, position"
        query = f"SELECT {order} FROM read_parquet('{database.sealed / file}')"
        read = rows(database, query)
        assert read == sorted(read)


def test_a_day_of_few_sessions_is_kept_whole_unless_told_otherwise(
    database: Database, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing_module, "SMALL_SITE_SESSIONS", 50)
    days = [TODAY - timedelta(days=age) for age in (3, 4, 5)]
    for day, sessions in zip(days, (49, 50, 49), strict=True):
        time = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        fill(database, *(make.batch(time=time) for _ in range(sessions)))
    told = SealPolicy(site="shop", keep=0.3)
    kept = [
        seal_day(database, policy, day, NOON).keep
        for policy, day in zip((SHOP, SHOP, told), days, strict=True)
    ]
    assert kept == [1.0, 0.2, 0.3]


def test_keep_is_never_below_sample(database: Database, make: Maker) -> None:
    fill(database, make.batch())
    assert (
        seal_day(database, SealPolicy(site="shop", sample=0.4, keep=0.1), TODAY, NOON).keep == 0.4
    )


def test_rows_that_come_late_follow_the_rates_of_their_day(database: Database, make: Maker) -> None:
    fill(database, *(make.batch() for _ in range(20)))
    seal_day(database, HALF, TODAY, NOON)
    fill(database, make.batch())
    assert seal_day(database, SHOP, TODAY, NOON).keep == 0.5
    assert summaries_seen(database, "DISTINCT inclusion") == [(0.5,)]


def test_the_first_level_declared_labels_the_whole_session_over_all_its_days(
    database: Database, make: Maker
) -> None:
    night = datetime(2026, 3, 10, 23, 59, 50, tzinfo=UTC)
    session, other = make.session(), make.session()
    fill(
        database,
        make.batch(session=session, number=0, time=night, kinds=["view"]),
        make.batch(session=session, number=2, time=night + timedelta(minutes=2), level="expert"),
        make.batch(session=session, number=1, time=night + timedelta(minutes=1), level="novice"),
        make.batch(session=other, time=night, kinds=["view"]),
    )
    seal_day(database, SHOP, TODAY, NOON)
    levels = "replace(session::VARCHAR, '-', '') AS key, level"
    by_day = Counter(events_seen(database, f"{levels}, day"))
    assert by_day[(session, "novice", TODAY)] == 1, "declared only the day after"
    assert by_day[(other, None, TODAY)] == 1
    # What was settled for the first day stays, whatever comes later for either day.
    fill(
        database,
        make.batch(session=session, number=3, time=night - timedelta(hours=1), level="confirmed"),
    )
    seal_day(database, SHOP, TODAY, NOON)
    seal_day(database, SHOP, TODAY + timedelta(days=1), NOON)
    for seen in (events_seen, summaries_seen):
        assert {level for key, level in seen(database, levels) if key == session} == {"novice"}


def test_hourly_counts_are_of_every_session_but_bots(database: Database, make: Maker) -> None:
    kinds = ["view", "view", "vitals", "event", "error"]
    people = [make.batch(level="novice", kinds=kinds) for _ in range(30)]
    fill(
        database,
        *people,
        make.batch(kinds=kinds, time=NOON + timedelta(hours=1), generated=True),
        make.batch(kinds=kinds, bot=True),
    )
    seal_day(database, SealPolicy(site="shop", sample=0.01, keep=0.01), TODAY, NOON)
    noon, one = NOON.replace(tzinfo=None), NOON.replace(tzinfo=None) + timedelta(hours=1)
    counted = rows(
        database,
        "SELECT site, day, hour, kind, page, name, level, count, value, currency, generated"
        " FROM hourly_counts ORDER BY ALL",
    )
    expected = [
        ("shop", TODAY, hour, kind, page, name, level, count * times, value, currency, generated)
        for hour, level, times, generated in (
            (noon, "novice", 30, False),
            (one, "undeclared", 1, True),
        )
        for kind, page, name, count, value, currency in (
            ("error", None, "TypeError", 1, None, None),
            ("event", None, "mandate_signed", 1, 2.5 * times, "EUR"),
            ("view", "/listings/?", None, 2, None, None),
            ("vitals", None, None, 1, None, None),
        )
    ]
    assert counted == expected


@pytest.mark.parametrize("site", ["a b", "../up", "x/y=z", "ü%20[*]?", "it's", "none"])
def test_any_site_id_can_be_sealed_and_read(database: Database, make: Maker, site: str) -> None:
    fill(database, make.batch(site=site), make.batch(site="shop"))
    seal_day(database, SealPolicy(site=site), TODAY, NOON)
    assert events_seen(database, "count(*), any_value(site)", site=site) == [(3, site)]
    assert events_seen(database, "count(*)") == [(3,)]
    assert files_on_disk(database) == files_listed(database)


def test_only_days_older_than_the_hot_ones_are_due(database: Database, make: Maker) -> None:
    for age in range(5):
        fill(database, make.batch(time=NOON - timedelta(days=age)))
    fill(database, make.batch(time=NOON - timedelta(days=4), site="agency"))
    assert days_due(database, NOON, hot_days=2) == [
        ("agency", date(2026, 3, 6)),
        ("shop", date(2026, 3, 6)),
        ("shop", date(2026, 3, 7)),
    ]


def test_a_day_without_rows_leaves_no_trace(database: Database) -> None:
    assert seal_day(database, SHOP, TODAY, NOON).files == 0
    assert files_listed(database) == files_on_disk(database) == set()


@pytest.mark.parametrize("stop_at", STEPS[:-1])
def test_a_seal_that_fails_leaves_the_day_as_it_was(
    database: Database, make: Maker, stop_at: str
) -> None:
    fill(database, *(make.batch() for _ in range(20)))

    def step(name: str) -> None:
        if name == stop_at:
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="disk is full"):
        seal_day(database, HALF, TODAY, NOON, step=step)
    assert rows(database, "SELECT count(*) FROM events") == [(60,)]
    assert files_on_disk(database) == files_listed(database) == set()
    assert rows(database, "SELECT count(*) FROM hourly_counts") == [(0,)]
    assert seal_day(database, HALF, TODAY, NOON).events == 60


def test_the_steps_are_those_that_are_named(database: Database, make: Maker) -> None:
    fill(database, *(make.batch() for _ in range(20)))
    steps: list[str] = []
    seal_day(database, HALF, TODAY, NOON, step=steps.append)
    assert tuple(steps) == STEPS


def test_a_row_committed_amid_the_seal_is_neither_sealed_nor_lost(
    database: Database, make: Maker
) -> None:
    fill(database, *(make.batch() for _ in range(20)))
    late = database.cursor().cursor()

    def step(name: str) -> None:
        for table, table_rows in batch_tables([make.batch(kinds=["view"])]).items():
            insert(late, table, table_rows)

    sealed = seal_day(database, SHOP, TODAY, NOON, step=step)
    assert (sealed.events, sealed.kept_events) == (60, 60)
    assert rows(database, "SELECT count(*) FROM events") == [(len(STEPS),)]
    assert events_seen(database, "count(*), count(DISTINCT (session, position))") == [
        (60 + len(STEPS),) * 2
    ]


def test_a_conflict_is_tried_again(database: Database, make: Maker) -> None:
    """As an erasure of one session would conflict: it deletes rows of the same day."""
    gone, stays = make.batch(), make.batch()
    fill(database, gone, stays)
    other = database.cursor().cursor()
    tries: list[str] = []

    def step(name: str) -> None:
        tries.append(name)
        if name == "begun" and tries.count("begun") == 1:
            other.execute("DELETE FROM events WHERE session = $id::UUID", {"id": gone.session})

    sealed = seal_day(database, SHOP, TODAY, NOON, step=step)
    assert tries.count("begun") == 2
    assert sealed.events == 3
    assert events_seen(database, "DISTINCT replace(session::VARCHAR, '-', '')") == [
        (stays.session,)
    ]
    assert files_on_disk(database) == files_listed(database)


def test_conflicts_without_end_are_an_error(database: Database, make: Maker) -> None:
    fill(database, make.batch(kinds=["view"] * 20))
    other = database.cursor().cursor()

    def step(name: str) -> None:
        if name == "begun":
            other.execute("DELETE FROM events WHERE position = (SELECT max(position) FROM events)")

    with pytest.raises(duckdb.TransactionException):
        seal_day(database, SHOP, TODAY, NOON, step=step)
    assert files_on_disk(database) == set()


def test_files_that_no_manifest_names_are_swept(database: Database, make: Maker) -> None:
    fill(database, make.batch())
    seal_day(database, SHOP, TODAY, NOON)
    known = files_on_disk(database)
    for orphan in ("unfinished/sample-0.parquet", "detail/site=shop/day=2026-03-10/rest-0.parquet"):
        path = database.sealed / orphan
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    assert sweep_orphans(database) == 2
    assert files_on_disk(database) == known == files_listed(database)
    assert events_seen(database, "count(*)") == [(3,)]


def test_when_a_batch_was_sent_is_read_back_from_a_sealed_day(
    database: Database, make: Maker
) -> None:
    time = NOON - timedelta(days=3)
    sent = time - timedelta(hours=7, microseconds=11)
    batch = replace(make.batch(time=time), sent_us=microseconds(sent))
    for table, rows in batch_tables([batch]).items():
        insert(database.cursor(), table, rows)
    hot = set(events_seen(database, "sent, received"))
    seal_day(database, SealPolicy(site="shop", keep=1.0), time.date(), NOON)
    assert set(events_seen(database, "sent, received")) == hot
    assert hot == {(sent.replace(tzinfo=None), time.replace(tzinfo=None))}
