"""The time people were at it is kept by hour as days are sealed, as it was read hot."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from rum.records import Batch
from store.columns import batch_tables
from store.database import Database
from store.retention import RetentionLimits, retire
from store.rows import insert
from store.sealing import SealPolicy, seal_day
from store.settling import ATTRIBUTE_VALUES_MAX
from tests.support.stored import NOON, TODAY, Maker

MINUTE = timedelta(minutes=1)


def fill(database: Database, *batches: Batch) -> None:
    for table, rows in batch_tables(batches).items():
        insert(database.cursor(), table, rows)


def visit(make: Maker, *times: datetime, **fields: Any) -> list[Batch]:
    """One session that shows a sign of itself at each of the times."""
    session = make.session()
    return [
        make.batch(session=session, number=number, time=time, kinds=("view",), **fields)
        for number, time in enumerate(times)
    ]


def hot(database: Database, first: date = TODAY, last: date = TODAY) -> dict[int, float]:
    rows = database.cursor().execute(
        "SELECT hour(hour), sum(seconds) FROM active_between('shop', $first::DATE, $last::DATE)"
        " GROUP BY ALL",
        {"first": first, "last": last},
    )
    return dict(rows.fetchall())


def kept(database: Database) -> dict[int, float]:
    rows = database.cursor().execute(
        "SELECT hour(hour), sum(seconds) FROM active_hours GROUP BY ALL"
    )
    return dict(rows.fetchall())


def test_time_between_signs_counts_where_it_was(database: Database, make: Maker) -> None:
    fill(database, *visit(make, NOON, NOON + 2 * MINUTE, NOON + 5 * MINUTE))
    fill(database, *visit(make, NOON + 50 * MINUTE, NOON + 64 * MINUTE))
    assert hot(database) == {12: 300 + 600, 13: 240}


def test_a_silence_of_over_a_quarter_of_an_hour_is_nobody_s(
    database: Database, make: Maker
) -> None:
    fill(database, *visit(make, NOON, NOON + 16 * MINUTE, NOON + 17 * MINUTE))
    assert hot(database) == {12: 60}


@pytest.mark.parametrize("fields", [{"bot": True}, {"server": True}])
def test_bots_and_servers_are_nobody(
    database: Database, make: Maker, fields: dict[str, Any]
) -> None:
    fill(database, *visit(make, NOON, NOON + 5 * MINUTE, **fields))
    assert hot(database) == {}


def test_sealing_keeps_what_was_read_hot_of_everyone(database: Database, make: Maker) -> None:
    for number in range(60):
        start = NOON + number * 7 * MINUTE
        fill(database, *visit(make, start, start + 3 * MINUTE, start + 12 * MINUTE))
    before = hot(database)
    seal_day(database, SealPolicy(site="shop", keep=0.2), TODAY, NOON + timedelta(days=3))
    assert kept(database) == before
    assert hot(database) == {}


def test_a_session_over_midnight_is_counted_once(database: Database, make: Maker) -> None:
    midnight = NOON + timedelta(hours=12)
    fill(database, *visit(make, midnight - 5 * MINUTE, midnight + 5 * MINUTE))
    tomorrow = TODAY + timedelta(days=1)
    whole = hot(database, TODAY, tomorrow)
    assert whole == {23: 300, 0: 300}
    for day in (TODAY, tomorrow):
        seal_day(database, SealPolicy(site="shop"), day, NOON + timedelta(days=4))
    assert kept(database) == whole


def test_hot_days_past_their_term_are_counted_before_they_go(
    database: Database, make: Maker
) -> None:
    fill(database, *visit(make, NOON, NOON + 5 * MINUTE, site="gone"))
    assert retire(database, NOON + timedelta(days=40), RetentionLimits()).hot_events == 2
    assert kept(database) == {12: 300}


@pytest.mark.parametrize(("day", "stays"), [(date(2024, 2, 1), 1), (date(2024, 1, 31), 0)])
def test_they_stay_25_months(database: Database, day: date, stays: int) -> None:
    database.cursor().execute(
        "INSERT INTO active_hours VALUES ('shop', $day, $day, 60, false)", {"day": day}
    )
    assert retire(database, NOON, RetentionLimits()).active_hours == 1 - stays
    assert sum(kept(database).values()) == 60 * stays


def counted_by(database: Database) -> list[tuple[Any, ...]]:
    return (
        database.cursor()
        .execute(
            "SELECT name, attribute, told, sum(count)::INT, sum(value) FROM hourly_attributes"
            " GROUP BY ALL ORDER BY ALL"
        )
        .fetchall()
    )


def signed(make: Maker, attributes: dict[str, str]) -> Batch:
    batch = make.batch(kinds=("event",))
    return replace(batch, events=(replace(batch.events[0], attributes=attributes),))


def test_attributes_named_are_counted_by_value_and_no_others(
    database: Database, make: Maker
) -> None:
    fill(database, *(signed(make, {"kind": kind, "who": "ann"}) for kind in ("a", "b", "b")))
    fill(database, signed(make, {"who": "bob"}))
    policy = SealPolicy(site="shop", attributes=("kind", "never"))
    seal_day(database, policy, TODAY, NOON + timedelta(days=3))
    assert counted_by(database) == [
        ("mandate_signed", "kind", "a", 1, 2.5),
        ("mandate_signed", "kind", "b", 2, 5.0),
    ]


def test_values_beyond_the_most_frequent_are_counted_together(
    database: Database, make: Maker
) -> None:
    values = [*(f"v{number:02}" for number in range(60)), "v00", "v01"]
    fill(database, *(signed(make, {"kind": value}) for value in values))
    policy = SealPolicy(site="shop", attributes=("kind",))
    seal_day(database, policy, TODAY, NOON + timedelta(days=3))
    found = {told: count for _, _, told, count, _ in counted_by(database)}
    assert len(found) == ATTRIBUTE_VALUES_MAX + 1
    assert (found["other"], found["v00"], sum(found.values())) == (10, 2, 62)
