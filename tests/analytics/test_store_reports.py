"""What was seen, what was refused, how fresh the store is, and how quick a monitor answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

from analytics.question import SiteScope, Window
from analytics.reports.freshness import freshness
from analytics.reports.latency import latency
from analytics.reports.refused import refused
from analytics.reports.seen import seen

START = datetime(2026, 3, 5, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=1))
SCOPE = SiteScope(site="shop", levels=())


def hourly(**columns: Any) -> dict[str, Any]:
    return {
        "site": "shop",
        "day": START.date(),
        "hour": START,
        "kind": "view",
        "page": None,
        "name": None,
        "level": "novice",
        "count": 1,
        "generated": False,
        **columns,
    }


def test_seen_counts_everything_and_offers_what_visitors_really_met(store: Any) -> None:
    store.insert(
        "hourly_counts",
        [hourly(page="/a", count=900), hourly(kind="event", name="signed", count=7)],
    )
    for number, page in enumerate(["/a", "/a", "/b"]):
        store.events([{"session": f"{number:032x}", "time": START, "page": page}])
    store.events([{"session": "f" * 32, "time": START, "page": "/bot", "bot": True}])
    report = store.ask(lambda snapshot: seen(snapshot, SCOPE, WINDOW))
    assert [(row.name, row.count, row.sessions) for row in report.pages] == [
        ("/a", 902, 2),
        ("/b", 1, 1),
    ]
    assert [(row.name, row.count) for row in report.events] == [("signed", 7)]
    assert list(report.frame()["kind"]) == ["page", "page", "event"]


def test_refusals_are_counted_by_reason_with_the_latest_example(store: Any) -> None:
    rows = [
        {"received": START + timedelta(hours=hour), "site": site, "reason": reason, "count": 2}
        for hour, site, reason in [
            (1, "shop", "too_old"),
            (2, "shop", "too_old"),
            (3, None, "malformed"),
        ]
    ]
    rows[1]["detail"] = "an event of 3 days ago"
    store.insert("refused", rows)
    report = store.ask(lambda snapshot: refused(snapshot, WINDOW))
    assert [(row.reason, row.site, row.count) for row in report.rows] == [
        ("too_old", "shop", 4),
        ("malformed", "", 2),
    ]
    assert report.rows[0].detail == "an event of 3 days ago"
    assert report.rows[0].last == START + timedelta(hours=2)
    assert report.total == 6


def test_freshness_knows_when_each_site_and_location_last_spoke(store: Any) -> None:
    empty = store.ask(lambda snapshot: freshness(snapshot, START))
    assert (empty.last_event("shop"), empty.last_check(), empty.generated) == (None, None, False)
    store.insert("hourly_counts", [hourly(site="old", page="/a", count=9)])
    store.events([{"session": "0" * 32, "time": START}])
    store.checks([{"monitor": "m", "due": START, "generated": True}])
    store.insert(
        "load_failures",
        [{"segment": "s.journal", "position": 9, "reason": "corrupt", "found_at": START}],
    )
    report = store.ask(lambda snapshot: freshness(snapshot, START))
    assert report.last_event("shop") == report.last_event("old") == report.last_check() == START
    assert report.generated
    assert [failure.segment for failure in report.failures] == ["s.journal"]
    assert {row.name: row.rows for row in report.rows} == {"shop": 1, "old": 9, "here": 1}


def test_latency_is_of_passing_checks_phase_by_phase(store: Any) -> None:
    checks = [
        {
            "monitor": "m",
            "due": START + timedelta(minutes=minute),
            "wait_ms": float(minute),
            "dns_ms": None,
            "total_ms": 10.0 + minute,
        }
        for minute in range(120)
    ]
    checks[1] |= {"verdict": "bad", "outcome": "wait_timeout", "total_ms": 10_000.0}
    store.checks(checks)
    report = store.ask(lambda snapshot: latency(snapshot, "m", WINDOW, slots=24))
    first, second = report.slots
    assert (first.start, first.end) == (START, START + timedelta(hours=1))
    assert (first.checks, first.failed, first.dns_ms) == (60, 1, None)
    assert (second.wait_ms, second.total_p50_ms) == (89.5, 99.5)
    assert second.total_p95_ms is not None
    assert 120 < second.total_p95_ms < 129
    assert len(report.frame()) == 2
