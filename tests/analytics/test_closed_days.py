"""A closed day of checks says without its single results what it said with them."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from analytics.question import Window
from analytics.reports.latency import KEPT_NOTE, latency
from analytics.reports.types import UptimeReport
from analytics.reports.uptime import uptime
from store.check_days import close_day, drop_raw_checks, unclosed_days

FIRST = datetime(2026, 4, 1, tzinfo=UTC)
NOW = datetime(2026, 4, 6, 9, 30, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TABLES = ("check_runs", "check_hours", "check_days")


def results(seed: int, monitor: str, location: str) -> Iterator[dict[str, Any]]:
    """Results from FIRST to NOW: outages, lone failures, silences, other rhythms."""
    chance = random.Random(f"{seed} {monitor} {location}")
    due, interval = FIRST + chance.random() * HOUR, MINUTE * chance.choice((1, 5))
    kinds = ("good", "good", "good", "bad", "blip", "degraded", "unknown", "silent", "new")
    first = ["good", "blip", "good", "bad", "good"]
    while due < NOW:
        kind = first.pop(0) if first else chance.choice(kinds)
        if kind == "silent":
            due += chance.random() * 9 * HOUR
        elif kind == "new":
            interval = MINUTE * chance.choice((1, 2, 5))
        count = {"good": 500, "bad": 30, "blip": 1}.get(kind, 3)
        kind = kind.replace("blip", "bad")
        for _ in range(chance.randint((count + 9) // 10, count)):
            if due >= NOW or kind in ("silent", "new"):
                break
            yield {
                "monitor": monitor,
                "location": location,
                "due": due,
                "verdict": kind,
                "outcome": {"good": "ok", "bad": "wrong_status", "degraded": "slow"}.get(
                    kind, "lagged"
                ),
                "detail": "status 503" if kind == "bad" else None,
                "interval_ms": interval // timedelta(milliseconds=1),
                "wait_ms": chance.lognormvariate(4, 1) if kind != "bad" else None,
                "total_ms": chance.lognormvariate(5, 1),
            }
            due += interval


def without_since(report: UptimeReport) -> UptimeReport:
    """How long a state held before the window is told from as far back as was read, and whole days
    are read of closed ones."""
    rows = tuple(structs.replace(row, state_since=None) for row in report.monitors)
    return structs.replace(report, monitors=rows)


def close_all(store: Any, *, drop: bool) -> None:
    for day in unclosed_days(store.database, NOW):
        close_day(store.database, day, NOW)
    if drop:
        with store.database.transaction() as cursor:
            drop_raw_checks(cursor, NOW.date(), NOW)


def aggregates(store: Any) -> list[Any]:
    cursor = store.database.cursor()
    return [
        cursor.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()
        for table in ("check_runs", "check_hours")
    ]


@pytest.mark.parametrize("seed", range(6))
def test_uptime_incidents_and_blips_are_the_same_without_the_results(
    shared_store: Any, seed: int
) -> None:
    store = shared_store
    store.clear()
    for table in TABLES:
        store.database.cursor().execute(f"DELETE FROM {table}")
    for monitor, locations in {"one": ("here",), "two": ("here", "there")}.items():
        for location in locations:
            store.checks(list(results(seed, monitor, location)))
    chance = random.Random(seed)
    windows = [Window(FIRST, NOW)] + [
        Window(start, start + chance.random() * 2 * DAY)
        for start in (FIRST + chance.random() * 4 * DAY for _ in range(4))
    ]

    def answers() -> list[UptimeReport]:
        reports = [
            store.ask(lambda snapshot, w=window: uptime(snapshot, ["one", "two"], w, NOW))
            for window in windows
        ]
        return [without_since(report) for report in reports]

    from_results = answers()
    assert any(row.incidents for row in from_results[0].monitors)
    assert any(row.blips for row in from_results[0].monitors)
    close_all(store, drop=False)
    assert answers() == from_results
    made = aggregates(store)
    for day in range(5):
        close_day(store.database, (FIRST + day * DAY).date(), NOW)
    assert aggregates(store) == made, "computed again it is the same"
    close_all(store, drop=True)
    ((left,),) = store.database.cursor().execute("SELECT min(due)::DATE FROM checks").fetchall()
    assert left == NOW.date()
    assert answers() == from_results


def test_late_results_open_a_closed_day_again_until_its_results_are_gone(store: Any) -> None:
    def told() -> float:
        window = Window(FIRST, FIRST + DAY)
        report = store.ask(lambda snapshot: uptime(snapshot, ["m"], window, NOW))
        return report.monitors[0].observed_share  # type: ignore[no-any-return]

    minutes = [{"monitor": "m", "due": FIRST + n * MINUTE} for n in range(1440)]
    store.checks(minutes[:720])
    assert unclosed_days(store.database, FIRST + DAY + 14 * MINUTE) == []
    assert unclosed_days(store.database, FIRST + DAY + 15 * MINUTE) == [FIRST.date()]
    close_all(store, drop=False)
    assert unclosed_days(store.database, NOW) == []
    half = told()
    store.checks(minutes[720:1439])
    assert unclosed_days(store.database, NOW) == [FIRST.date()]
    with store.database.transaction() as cursor:
        assert drop_raw_checks(cursor, NOW.date(), NOW) == 0, "not all of it is in the aggregates"
    close_all(store, drop=True)
    assert half < 0.51
    assert told() > 0.99
    store.checks(minutes[1439:])
    assert unclosed_days(store.database, NOW) == [], "what is gone cannot be computed again"
    with store.database.transaction() as cursor:
        assert drop_raw_checks(cursor, NOW.date(), NOW) == 1


def test_latency_of_days_whose_results_are_gone_is_within_two_per_cent(store: Any) -> None:
    store.checks(list(results(3, "one", "here")))
    window = Window(FIRST, FIRST + 5 * DAY)
    exact = store.ask(lambda snapshot: latency(snapshot, "one", window, slots=5))
    assert exact.basis.note == ""
    close_all(store, drop=True)
    kept = store.ask(lambda snapshot: latency(snapshot, "one", window, slots=5))
    assert kept.basis.note == KEPT_NOTE
    assert sum(slot.checks for slot in kept.slots) == sum(slot.checks for slot in exact.slots)
    assert sum(slot.failed for slot in kept.slots) == sum(slot.failed for slot in exact.slots) > 0
    compared = 0
    by_start = {slot.start: slot for slot in exact.slots}
    for slot in kept.slots:
        assert slot.dns_ms is None
        same = by_start.get(slot.start)
        if same and same.checks == slot.checks > 200:
            assert slot.wait_ms == pytest.approx(same.wait_ms, rel=0.04)
            assert slot.total_p50_ms == pytest.approx(same.total_p50_ms, rel=0.04)
            compared += 1
    assert compared


def test_a_single_value_is_put_into_a_bucket_within_two_per_cent_of_it(store: Any) -> None:
    rows = store.database.cursor().execute(
        "SELECT ms, bucket_latency(latency_bucket(ms)) FROM ("
        " SELECT unnest([0.001, 0.02, 0.5, 1.0, 1.04, 37.0, 1000.0, 59999.0, 3.6e6]) AS ms)"
    )
    for ms, told in rows.fetchall():
        assert told == pytest.approx(ms, rel=0.0201)
