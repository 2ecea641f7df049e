"""Detail is kept of more sessions where their level or an error asks for it, and each session's own
inclusion probability is settled with its summary, once."""

from datetime import UTC, date, datetime, timedelta

import pytest

from rum.bucket import bucket_end, bucket_of
from rum.records import Batch
from store.columns import batch_tables
from store.database import Database
from store.rows import insert
from store.sealing import SealPolicy, seal_day
from tests.support.stored import NOON, TODAY, Maker, events_seen, summaries_seen

POLICY = SealPolicy(
    site="shop", sample=0.1, keep=0.2, keep_by_level={"novice": 0.5, "undeclared": 0.3}
)
WITH_ERRORS = SealPolicy(
    site="shop", sample=0.1, keep=0.2, keep_by_level={"novice": 0.5}, keep_errors=1.0
)
MIDNIGHT = datetime(2026, 3, 11, tzinfo=UTC)
SESSION = "replace(session::VARCHAR, '-', '')"


def fill(database: Database, *batches: Batch) -> None:
    for table, rows in batch_tables(batches).items():
        insert(database.cursor(), table, rows)


def inclusions(database: Database) -> dict[tuple[str, date], float]:
    """By session and day."""
    seen = summaries_seen(database, f"{SESSION}, day, inclusion")
    return {(session, day): inclusion for session, day, inclusion in seen}


def in_detail(database: Database) -> set[str]:
    return {session for (session,) in events_seen(database, f"DISTINCT {SESSION}")}


def crowd(make: Maker) -> dict[str, list[Batch]]:
    """300 sessions of each kind."""
    fails = ["view", "error"]
    return {
        "novice": [make.batch(level="novice") for _ in range(300)],
        "expert": [make.batch(level="expert") for _ in range(300)],
        "undeclared": [make.batch() for _ in range(300)],
        "failed": [make.batch(level="expert", kinds=fails) for _ in range(300)],
        "failed novice": [make.batch(level="novice", kinds=fails) for _ in range(300)],
        "bot": [make.batch(level="novice", kinds=fails, bot=True) for _ in range(300)],
    }


@pytest.mark.parametrize(
    ("policy", "rates"),
    [
        (
            POLICY,
            {"novice": 0.5, "undeclared": 0.3, "failed novice": 0.5},
        ),
        (WITH_ERRORS, {"novice": 0.5, "failed": 1.0, "failed novice": 1.0}),
    ],
)
def test_the_largest_rate_that_applies_is_each_sessions_own(
    database: Database, make: Maker, policy: SealPolicy, rates: dict[str, float]
) -> None:
    kinds = crowd(make)
    fill(database, *(batch for batches in kinds.values() for batch in batches))
    sealed = seal_day(database, policy, TODAY, NOON)
    found, kept = inclusions(database), in_detail(database)
    for kind, batches in kinds.items():
        rate = rates.get(kind, 0.2)
        sessions = {batch.session for batch in batches}
        assert {found[session, TODAY] for session in sessions} == {rate}, kind
        below = {session for session in sessions if bucket_of(session) < bucket_end(rate)}
        assert kept & sessions == below, kind
    assert sealed.keep == 0.2
    listed = database.cursor().execute("SELECT DISTINCT keep, keep_most FROM sealed_files")
    assert listed.fetchall() == [(0.2, max(rates.values()))]


def test_sample_files_hold_the_same_share_of_everybody(database: Database, make: Maker) -> None:
    kinds = crowd(make)
    sessions = [batch.session for batches in kinds.values() for batch in batches]
    fill(database, *(batch for batches in kinds.values() for batch in batches))
    seal_day(database, WITH_ERRORS, TODAY, NOON)
    read = {session for (session,) in events_seen(database, f"DISTINCT {SESSION}", rest=False)}
    assert read == {session for session in sessions if bucket_of(session) < bucket_end(0.1)}


def test_an_error_after_midnight_keeps_the_evening_too(database: Database, make: Maker) -> None:
    late = bucket_end(0.9)
    session, quiet = make.session(late), make.session(late)
    evening, night = MIDNIGHT - timedelta(minutes=1), MIDNIGHT + timedelta(minutes=1)
    for each in (session, quiet):
        fill(database, make.batch(session=each, time=evening))
    fill(database, make.batch(session=session, number=1, time=night, kinds=["error"]))
    fill(database, make.batch(session=quiet, number=1, time=night, kinds=["view"]))
    for day in (TODAY, MIDNIGHT.date()):
        seal_day(database, WITH_ERRORS, day, NOON)
    assert in_detail(database) == {session}
    days = {day for key, day in inclusions(database) if key == session}
    assert days == {TODAY, MIDNIGHT.date()}
    assert {found for (key, _), found in inclusions(database).items() if key == session} == {1.0}


def test_what_was_settled_stays_whatever_comes_later(database: Database, make: Maker) -> None:
    session = make.session(bucket_end(0.9))
    fill(database, make.batch(session=session, time=MIDNIGHT - timedelta(minutes=5)))
    seal_day(database, WITH_ERRORS, TODAY, NOON)
    fill(
        database,
        make.batch(
            session=session, number=1, kinds=["error"], time=MIDNIGHT - timedelta(minutes=2)
        ),
        make.batch(
            session=session, number=2, kinds=["error"], time=MIDNIGHT + timedelta(minutes=2)
        ),
    )
    for day in (TODAY, MIDNIGHT.date()):
        seal_day(database, WITH_ERRORS, day, NOON)
    assert set(inclusions(database).values()) == {0.2}
    assert in_detail(database) == set(), "half of it would be read as all"
