"""What is past its term leaves the reports at once, and the disk with its last reader."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.result import CheckResult, MonitorDefinition
from rum.records import Reason, Refusal
from store.columns import (
    Tables,
    batch_tables,
    check_tables,
    definition_tables,
    refusal_tables,
)
from store.database import Database
from store.retention import RetentionLimits, retire
from store.rows import insert
from store.sealing import SealPolicy, days_due, seal_day, sweep_orphans
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

LIMITS = RetentionLimits()
SHOP = SealPolicy(site="shop")


def fill(database: Database, tables: Tables) -> None:
    for table, rows in tables.items():
        insert(database.cursor(), table, rows)


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    return database.cursor().execute(query).fetchall()


def ago(days: float) -> datetime:
    return NOON - timedelta(days=days)


def sealed_day(database: Database, make: Maker, days: float) -> date:
    time = ago(days)
    fill(database, batch_tables([make.batch(time=time) for _ in range(3)]))
    seal_day(database, SHOP, time.date(), time)
    return time.date()


def test_two_terms_of_days_pass_and_only_the_last_one_stays(
    database: Database, make: Maker
) -> None:
    limits = RetentionLimits(retention_days=5)
    for day in range(12):
        now = NOON + timedelta(days=day)
        fill(database, batch_tables([make.batch(time=now), make.batch(time=now)]))
        for site, due in days_due(database, now, hot_days=2):
            seal_day(database, SealPolicy(site=site, sample=1.0), due, now)
        retire(database, now, limits)
        days = [TODAY + timedelta(days=d) for d in range(max(0, day - 5), day + 1)]
        assert sorted(day for (day,) in events_seen(database, "DISTINCT day")) == days
        assert sorted(day for (day,) in summaries_seen(database, "DISTINCT day")) == days
        assert files_on_disk(database) == files_listed(database)
    assert len(files_on_disk(database)) == 2 * 3, "detail and summaries of three days"
    # Aggregates hold all that was sealed, as they did before its detail went.
    assert rows(database, "SELECT count(DISTINCT day), sum(count) FROM hourly_counts") == [(9, 54)]


def test_a_day_is_kept_for_retention_days_after_it_ended(database: Database, make: Maker) -> None:
    last_kept, first_gone = sealed_day(database, make, 30), sealed_day(database, make, 31)
    retired = retire(database, NOON, LIMITS)
    assert retired.files_unlinked == retired.files_dropped > 0
    assert events_seen(database, "DISTINCT day") == [(last_kept,)]
    assert not any(str(first_gone) in file for file in files_on_disk(database))
    assert retire(database, NOON, LIMITS).files_dropped == 0


def test_a_dropped_file_stays_until_the_last_reader_that_began_before_is_gone(
    database: Database, make: Maker
) -> None:
    sealed_day(database, make, 31)
    files = files_on_disk(database)
    count = "SELECT count(*) FROM events_in($files)"
    reader = database.cursor().cursor()
    days = (date(2000, 1, 1), date(2100, 1, 1))
    with database.readers.reading():
        reader.execute("BEGIN")
        listed = [
            str(database.sealed / file)
            for (file,) in reader.execute(
                "SELECT file FROM sealed_files WHERE content <> 'summaries' AND dropped_at IS NULL"
            ).fetchall()
        ]
        retired = retire(database, NOON, LIMITS)
        assert (retired.files_unlinked, retired.files_waiting) == (0, len(files))
        assert files_on_disk(database) == files
        # A reader that begins now sees nothing of it, and does not hold it up.
        with database.snapshot() as snapshot:
            now_listed = snapshot.detail_files(["shop"], *days, rest=True)
            assert snapshot.rows(count, {"files": now_listed}) == [(0,)]
        # Orphans are files without a row: these have theirs still.
        assert sweep_orphans(database) == 0
        found = reader.execute(
            "SELECT count(*) FROM read_parquet($files)", {"files": listed}
        ).fetchall()
        assert found == [(9,)]
        reader.execute("COMMIT")
    retired = retire(database, NOON, LIMITS)
    assert (retired.files_unlinked, retired.files_waiting) == (len(files), 0)
    assert files_on_disk(database) == files_listed(database) == set()


def test_a_reader_that_began_after_the_drop_does_not_hold_it_up(
    database: Database, make: Maker
) -> None:
    sealed_day(database, make, 31)
    with database.readers.reading():
        retire(database, NOON, LIMITS)
        before = files_on_disk(database)
    with database.readers.reading():
        assert retire(database, NOON, LIMITS).files_unlinked == len(before) > 0


def test_files_dropped_before_a_restart_go_after_it(database: Database, make: Maker) -> None:
    sealed_day(database, make, 31)
    with database.readers.reading():
        retire(database, NOON, LIMITS)
    folder = database.folder
    database.close()
    reopened = Database(folder)
    try:
        assert retire(reopened, NOON, LIMITS).files_unlinked > 0
        assert files_on_disk(reopened) == set()
    finally:
        reopened.close()


def test_hot_rows_nobody_sealed_go_too_and_are_counted_first(
    database: Database, make: Maker
) -> None:
    kept = make.batch(time=ago(30))
    unsealed = make.batch(time=ago(40), site="gone", level="expert")
    fill(database, batch_tables([unsealed, make.batch(time=ago(31)), kept]))
    assert retire(database, NOON, LIMITS).hot_events == 6
    assert rows(database, "SELECT DISTINCT day FROM events") == [(ago(30).date(),)]
    assert rows(
        database, "SELECT site, level, sum(count) FROM hourly_counts GROUP BY ALL ORDER BY site"
    ) == [("gone", "expert", 3), ("shop", "undeclared", 3)]


def check(time: datetime) -> CheckResult:
    return CheckResult(
        monitor="home",
        location="local",
        due_us=microseconds(time),
        started_us=microseconds(time),
        outcome=Outcome.OK,
        interval_ms=1000,
        timeout_ms=1000,
    )


def test_checks_and_refusals_have_terms_of_their_own(database: Database) -> None:
    fill(database, check_tables([check(ago(days)) for days in (401, 399, 1)]))
    times = [microseconds(ago(days)) for days in (31, 29)]
    refusals = [Refusal(received_us=time, reason=Reason.TOO_OLD) for time in times]
    fill(database, refusal_tables(refusals))
    retired = retire(database, NOON, LIMITS)
    assert (retired.checks, retired.refused) == (1, 1)
    assert rows(database, "SELECT count(*) FROM checks") == [(2,)]
    assert rows(database, "SELECT count(*) FROM refused") == [(1,)]


def test_what_was_delivered_goes_with_the_checks_it_speaks_of(database: Database) -> None:
    old, recent = ago(401).replace(tzinfo=None), ago(399).replace(tzinfo=None)
    cursor = database.cursor()
    cursor.execute(
        "INSERT INTO incidents SELECT 'lasting', 'home', $old, NULL, 0, $old, 'timeout', '',"
        " 'local', 3, 60, false, false, $old",
        {"old": old},
    )
    messages = [
        ("told", "sent", old),
        ("given up", "failed", old),
        ("owed", "due", old),
        ("recent", "sent", recent),
        ("lasting", "sent", old),
    ]
    for incident, state, created in messages:
        cursor.execute(
            "INSERT INTO outbox VALUES (?, ?, 'ops', 'open', ?, 1, ?, ?, NULL, '')",
            [f"{incident}/ops/open", incident, state, created, created],
        )
    heard = [("paris", "1", old), ("paris", "2", recent), ("rome", "1", old)]
    for location, spool, received in heard:
        cursor.execute(
            "INSERT INTO deliveries VALUES (?, ?, 0, 9, NULL, ?, NULL)", [location, spool, received]
        )
    for process, until in [("a", old), ("b", recent)]:
        cursor.execute("INSERT INTO presence VALUES (?, ?, ?)", [process, until, until])
    retired = retire(database, NOON, LIMITS)
    assert (retired.messages, retired.deliveries, retired.presence) == (2, 1, 1)
    left = rows(database, "SELECT incident FROM outbox ORDER BY ALL")
    assert left == [("lasting",), ("owed",), ("recent",)]
    left = rows(database, "SELECT location, spool FROM deliveries ORDER BY ALL")
    assert left == [("paris", "2"), ("rome", "1")]


def test_the_definition_that_held_when_the_oldest_checks_were_made_stays(
    database: Database,
) -> None:
    def definition(monitor: str, days: float) -> MonitorDefinition:
        return MonitorDefinition(
            monitor=Monitor(id=monitor, url="https://example.org/"),
            from_us=microseconds(ago(days)),
            location="local",
        )

    fill(
        database,
        definition_tables(
            [*(definition("home", days) for days in (500, 450, 410, 300)), definition("old", 900)]
        ),
    )
    assert retire(database, NOON, LIMITS).definitions == 2
    left = rows(database, "SELECT monitor, from_time FROM monitor_definitions ORDER BY ALL")
    assert left == [
        (monitor, ago(days).replace(tzinfo=None))
        for monitor, days in (("home", 410), ("home", 300), ("old", 900))
    ]


@pytest.mark.parametrize(("day", "kept"), [(date(2024, 2, 1), True), (date(2024, 1, 31), False)])
def test_aggregates_stay_25_months(database: Database, day: date, kept: bool) -> None:
    database.cursor().execute(
        "INSERT INTO hourly_counts BY NAME SELECT 'shop' AS site, $day AS day, $day AS hour,"
        " 'view' AS kind, 'novice' AS level, 1 AS count, false AS generated",
        {"day": day},
    )
    assert retire(database, NOON, LIMITS).hourly_counts == (0 if kept else 1)
    assert rows(database, "SELECT count(*) FROM hourly_counts") == [(1 if kept else 0,)]
