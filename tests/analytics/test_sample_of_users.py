"""A sample of users holds all sessions of each or none, hot and sealed; one of sessions does not
answer for users."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from analytics.question import SiteScope, Unit, Window
from analytics.sampling import Days, Reading, UnitError, read
from analytics.sql import query
from analytics.times import to_us
from rum.bucket import bucket_end, bucket_of, bucket_of_key
from rum.records import Batch, Event, EventKind
from store.database import Database
from store.journal_writer import write_segments
from store.loader import Loader
from store.sealing import SealPolicy, days_due, seal_day
from store.settling import Unit as SealedUnit

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(days=6), NOW)
DAYS = Days(WINDOW.start.date(), WINDOW.end.date())
USERS, SESSIONS_EACH = 600, 3
RATE = 0.2

Seen = dict[str, set[str]]
"""Sessions by user; those that nobody signed in to under ""."""


def user_of(number: int) -> str:
    return f"{number:032x}"


def batches() -> Iterator[Batch]:
    """Three sessions of each user, on days of their own; signed in to only with the second batch.
    And as many of nobody."""
    random = np.random.default_rng(3)
    for number in range(2 * USERS):
        user = user_of(number) if number < USERS else ""
        for _ in range(SESSIONS_EACH if user else 1):
            session = random.bytes(16).hex()
            at_us = to_us(WINDOW.start) + int(random.integers(0, 6 * 86_400 - 600)) * 1_000_000
            yield batch(session, 1, at_us, "")
            yield batch(session, 2, at_us + 60_000_000, user)


def batch(session: str, number: int, at_us: int, user: str) -> Batch:
    event = Event(
        position=0, kind=EventKind.VIEW, time_us=at_us, client_us=at_us, view=number, page="/"
    )
    return Batch(
        site="shop",
        session=session,
        batch=(1 << 20) + number,
        received_us=at_us,
        sent_us=at_us,
        user=user,
        events=(event,),
    )


def sealed_store(folder: Path, unit: SealedUnit, keep: float) -> Database:
    (folder / "journal").mkdir(parents=True)
    write_segments(folder / "journal", "test", batches(), start_us=1)
    database = Database(folder / "store")
    loader = Loader(database, folder / "journal")
    while loader.load_once(NOW).backlog_bytes:
        pass
    for _, day in days_due(database, NOW, 2):
        seal_day(database, SealPolicy(site="shop", sample=RATE, keep=keep, unit=unit), day, NOW)
    return database


@pytest.fixture(scope="module")
def of_users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = sealed_store(tmp_path_factory.mktemp("users"), "user", 0.5)
    yield database
    database.close()


@pytest.fixture(scope="module")
def of_sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = sealed_store(tmp_path_factory.mktemp("sessions"), "session", 0.5)
    yield database
    database.close()


def seen(
    database: Database, unit: Unit, counts: Unit, sample: float = RATE
) -> tuple[Seen, Reading]:
    scope = SiteScope(site="shop", levels=(), sample=RATE, unit=unit)
    with database.snapshot() as snapshot:

        def answer(reading: Reading) -> Seen:
            rows = snapshot.rows(
                f"WITH {query(reading.fragment)} SELECT replace(session::VARCHAR, '-', ''),"
                " max(user_key), count(*) FROM read GROUP BY session",
                reading.parameters,
            )
            found: Seen = {}
            for session, user, events in rows:
                assert events == 2, f"{session} is cut"
                found.setdefault(user or "", set()).add(session)
            return found

        return read(snapshot, scope, DAYS, sample, answer, lambda found: False, counts)


def everyone() -> tuple[Counter[str], set[str]]:
    """How many sessions each user has, and the sessions of nobody."""
    users: Counter[str] = Counter()
    nobody: set[str] = set()
    for each in batches():
        if each.batch & 0xFFFFF == 2:
            if each.user:
                users[each.user] += 1
            else:
                nobody.add(each.session)
    return users, nobody


@pytest.mark.parametrize("rate", [RATE, 0.4])
def test_each_user_is_in_the_sample_with_all_sessions_or_with_none(
    of_users: Database, rate: float
) -> None:
    found, reading = seen(of_users, Unit.USER, Unit.USER, rate)
    users, nobody = everyone()
    assert found.pop("") == {session for session in nobody if bucket_of(session) < bucket_end(rate)}
    inside = {user for user in users if bucket_of_key(user) < bucket_end(rate)}
    assert {user: len(sessions) for user, sessions in found.items()} == dict.fromkeys(
        inside, SESSIONS_EACH
    )
    assert (reading.unit, reading.rate) == (Unit.USER, rate)


def test_more_users_than_are_kept_whole_are_never_read(of_users: Database) -> None:
    found, reading = seen(of_users, Unit.USER, Unit.USER, 0.9)
    assert reading.rate == 0.5
    assert reading.note == "less than 90% is kept: 50% of users were read"
    assert {len(sessions) for user, sessions in found.items() if user} == {SESSIONS_EACH}


def test_a_sample_of_sessions_counts_too_many_users_and_says_so_instead(
    of_sessions: Database,
) -> None:
    found, _ = seen(of_sessions, Unit.SESSION, Unit.SESSION)
    assert len(found) - 1 > 1.5 * RATE * USERS, "who comes thrice is met thrice as often"
    with pytest.raises(UnitError) as refused:
        seen(of_sessions, Unit.SESSION, Unit.USER)
    assert refused.value.what == (
        "A sample of shop's sessions, of which 50% are kept, cannot answer for users: it holds who"
        " comes often more often than others."
    )


def test_days_sealed_by_session_do_not_answer_for_users_once_the_setting_changed(
    of_sessions: Database,
) -> None:
    with pytest.raises(UnitError):
        seen(of_sessions, Unit.USER, Unit.USER)
    _, reading = seen(of_sessions, Unit.USER, Unit.SESSION)
    assert reading.unit is Unit.SESSION


def test_where_everything_is_kept_everything_is_read_for_users(tmp_path: Path) -> None:
    database = sealed_store(tmp_path, "session", 1.0)
    found, reading = seen(database, Unit.SESSION, Unit.USER)
    database.close()
    assert len(found) - 1 == USERS
    assert reading.note == "a sample of sessions cannot answer for users: everything was read"
