"""Funnels told apart by more than the level, in time, and against the period before."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.question import Order, Rules, SiteScope, Step, Unit, Window
from analytics.reports.funnel import funnel
from analytics.reports.funnel_types import FunnelReport

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=4))
SCOPE = SiteScope(site="shop", levels=("novice", "expert"), sample=1.0)
STEPS = (Step(page="/form"), Step(page="/check"), Step(event="signed"))
LATER = WINDOW.end + timedelta(days=1)


def visits(
    first: int, count: int, second: int, third: int, entered: datetime = START, **columns: Any
) -> list[dict[str, Any]]:
    """`count` sessions a minute apart: `second` of them go on, `third` of those sign."""
    rows = []
    for number in range(count):
        session, at = f"{first + number:032x}", entered + timedelta(minutes=number)
        made: list[tuple[str, str, str | None]] = [("view", "/form", None)]
        made += [("view", "/check", None)] if number < second else []
        made += [("event", "/check", "signed")] if number < third else []
        rows += [
            {
                "session": session,
                "time": at + timedelta(seconds=40 * place),
                "batch": place + 1,
                "kind": kind,
                "page": page,
                "name": name,
                **columns,
            }
            for place, (kind, page, name) in enumerate(made)
        ]
    return rows


def ask(store: Any, **asked: Any) -> FunnelReport:
    report = store.ask(
        lambda snapshot: funnel(
            snapshot, SCOPE, STEPS, WINDOW, **{"convert_within_s": 600, "now": LATER, **asked}
        )
    )
    assert isinstance(report, FunnelReport)
    return report


def counted(report: FunnelReport) -> dict[tuple[str, ...], list[int]]:
    return {each.parts: [step.reached for step in each.steps] for each in report.segments}


def test_what_tells_sessions_apart_is_what_they_said_first(store: Any) -> None:
    store.events(visits(0, 40, 20, 10, device="phone", country="FR", release="2"))
    store.events(visits(100, 30, 20, 10, device="desktop", country="FR"))
    store.events(visits(200, 20, 5, 5, country="BE"))
    device = ask(store, by=["device"])
    assert counted(device) == {
        ("phone",): [40, 20, 10],
        ("desktop",): [30, 20, 10],
        ("unknown",): [20, 5, 5],
    }
    assert device.shown == device.segments
    assert counted(ask(store, by=["country", "device"])) == {
        ("FR", "phone"): [40, 20, 10],
        ("FR", "desktop"): [30, 20, 10],
        ("BE", "unknown"): [20, 5, 5],
    }
    assert set(counted(ask(store, by=["release", "campaign"]))) == {
        ("2", "none"),
        ("unknown", "none"),
    }
    assert counted(ask(store, by=["entry_page"])) == {("/form",): [90, 45, 25]}


def test_the_largest_are_shown_and_the_rest_is_other(store: Any) -> None:
    for number in range(10):
        store.events(visits(number * 100, 12 - number, 2, 1, browser=f"b{number}"))
    found = counted(ask(store, by=["browser"]))
    assert list(found) == [*((f"b{number}",) for number in range(8)), ("other",)]
    assert found[("other",)] == [4 + 3, 4, 2]


def test_a_declared_segment_tells_apart_too(store: Any) -> None:
    store.events(visits(0, 4, 2, 1, segments={"team": "north"}))
    store.events(visits(10, 3, 2, 1, segments={"plan": "free"}))
    found = counted(ask(store, by=["segments.team"]))
    assert found == {("north",): [4, 2, 1], ("unknown",): [3, 2, 1]}


def test_sessions_are_told_apart_by_how_they_were_lived(store: Any) -> None:
    store.events(visits(0, 3, 3, 3))
    failed = {"url": "/", "status": 500, "method": "POST", "aborted": False}
    store.events(
        [
            {"session": f"{0:032x}", "time": START, "kind": "vitals", "lcp_ms": 900.0},
            {"session": f"{1:032x}", "time": START, "kind": "request", "request": failed},
        ]
    )
    found = counted(ask(store, by=["quality"]))
    assert found == {("good",): [1] * 3, ("poor",): [1] * 3, ("not_measured",): [1] * 3}


@pytest.mark.parametrize("by", [["colour"], ["level", "device", "browser"], ["device", "device"]])
def test_what_tells_nothing_apart_is_refused(store: Any, by: list[str]) -> None:
    with pytest.raises(ValueError, match="dimension"):
        ask(store, by=by)


def test_a_planted_gap_is_told_and_where_it_is(store: Any) -> None:
    store.events(visits(0, 600, 300, 270, level="novice"))
    store.events(visits(1_000, 600, 420, 380, level="expert"))
    report = ask(store)
    assert report.readings[0] == (
        "Novice sessions go on from “/form” less often than all others: 14.5 to 25.3 points."
    )
    told = {(each.parts[0], each.step): each.told for each in report.differences}
    assert told == {
        ("novice", 0): True,
        ("expert", 0): True,
        ("novice", 1): True,
        ("expert", 1): True,
        ("novice", 2): False,
        ("expert", 2): False,
    }


def test_where_nothing_differs_nothing_is_told(store: Any) -> None:
    for number, level in enumerate(("novice", "expert", None)):
        store.events(visits(number * 1_000, 400, 200 + number, 100, level=level))
    report = ask(store)
    assert report.readings == ()
    assert "no difference can be told" in report.differences[0].sentence.lower()


def test_each_day_holds_those_who_entered_on_it(store: Any) -> None:
    store.events(visits(0, 60, 40, 30))
    store.events(visits(100, 50, 20, 10, entered=START + timedelta(days=2)))
    report = ask(store)
    assert [day.entered[""] for day in report.days] == [60, 0, 50, 0]
    assert [day.passed[""].value for day in report.days] == [0.5, None, 0.2, None]
    assert (report.days[0].start, report.days[-1].end) == (WINDOW.start, WINDOW.end)


def test_the_times_to_convert_are_in_bins_of_one_width(store: Any) -> None:
    store.events(visits(0, 50, 50, 50))
    slow = visits(100, 1, 1, 1)
    slow[2]["time"] += timedelta(seconds=500)
    store.events(slow)
    report = ask(store)
    assert sum(each.converted for each in report.took) == 51
    assert next(each for each in report.took if each.converted).converted == 50
    assert (report.took[-1].to_s, report.took[-1].converted) == (None, 1)


@pytest.mark.parametrize(
    ("kept_days", "expected"),
    [(8, (START - timedelta(days=4), START, False)), (4, (START, START + timedelta(days=2), True))],
)
def test_the_period_before_is_as_long_as_detail_is_kept(
    store: Any, kept_days: int, expected: tuple[datetime, datetime, bool]
) -> None:
    store.events(visits(0, 100, 90, 80, entered=expected[0]))
    store.events(visits(500, 100, 30, 20, entered=expected[1]))
    report = ask(store, compare_from=WINDOW.end - timedelta(days=kept_days))
    assert report.before is not None
    assert (report.before.start, report.before.cut, report.before.bounded) == expected
    assert (report.before.then.value, report.before.now.value) == (0.8, 0.2)
    assert report.before.sentence.startswith(
        "Sessions get through less often than in the period before"
    )


def test_what_is_not_kept_is_not_compared(store: Any) -> None:
    store.events(visits(0, 100, 90, 80))
    assert ask(store, compare_from=WINDOW.end - timedelta(hours=40)).before is None


def test_in_any_order_steps_are_so_many_of_them(store: Any) -> None:
    store.events(visits(0, 5, 3, 1))
    report = ask(store, rules=Rules(order=Order.ANY))
    assert [(step.label, step.reached) for step in report.everyone.steps] == [
        ("any 1 of the steps", 5),
        ("any 2 of the steps", 3),
        ("all 3 of the steps", 1),
    ]


def test_a_user_who_comes_again_belongs_to_both_periods(store: Any) -> None:
    cut = START + timedelta(days=2)
    for first, at, through in ((0, START, 40), (500, cut, 20)):
        rows = visits(first, 50, through, through, entered=at)
        store.events([{**row, "user_key": f"user {int(row['session'], 16) % 100}"} for row in rows])
    rules = Rules(unit=Unit.USER)
    report = ask(store, rules=rules, compare_from=START)
    assert (report.everyone.entered, report.before is not None) == (50, True)
    assert report.before is not None
    assert (report.before.then.value, report.before.now.value) == (0.8, 0.4)


def test_users_cannot_be_told_from_a_sample_of_sessions(store: Any) -> None:
    store.events(visits(0, 50, 40, 30))
    store.insert(
        "sealed_files",
        [
            {
                "file": "empty-detail.parquet",
                "content": "rest",
                "site": "shop",
                "day": START.date(),
                "rows": 0,
                "bytes": 0,
                "sample": 0.2,
                "keep": 0.2,
                "schema_version": 1,
                "sealed_at": START,
            }
        ],
    )
    with pytest.raises(ValueError, match="cannot answer for users"):
        ask(store, rules=Rules(unit=Unit.USER))


def test_sites_are_told_apart_each_read_at_its_own_rate(store: Any) -> None:
    fifth = SiteScope(site="fifth", levels=(), sample=0.2)
    store.events(visits(0, 100, 90, 80, level="novice"))
    low_buckets = visits(1000, 100, 30, 20, site="fifth", level="expert")
    high = [
        {**row, "session": f"{row['session'][:24]}ffffffff", "batch": row["batch"] + 10}
        for row in visits(2000, 100, 100, 100, site="fifth")
    ]
    store.events([*low_buckets, *high])
    report = ask(store, by=("site", "level"), beside=(SCOPE, fifth))
    assert counted(report) == {
        ("shop", "novice"): [100, 90, 80],
        ("fifth", "expert"): [100, 30, 20],
    }
    assert report.everyone.steps[-1].of_entered.value == pytest.approx((80 + 5 * 20) / 600)
    assert report.basis.sessions == 200
    assert "shop at 1, fifth at 0.2" in report.basis.note
    assert any(each.told and each.parts == ("shop", "novice") for each in report.differences)
    alone = ask(store, beside=(SCOPE, fifth))
    assert (alone.everyone.entered, alone.basis.sessions) == (100, 100)


def test_periods_before_are_compared_over_all_sites(store: Any) -> None:
    later = START + timedelta(days=2)
    for site in ("shop", "other"):
        store.events(visits(0, 50, 40, 40, entered=START, site=site))
        store.events(visits(500, 50, 20, 10, entered=later, site=site))
    beside = (SiteScope(site="other", levels=(), sample=1.0),)
    report = ask(store, by=("site",), beside=beside, compare_from=START)
    assert report.before is not None
    assert (report.before.then.value, report.before.now.value) == (0.8, 0.2)
    assert report.everyone.entered == 200


@pytest.mark.parametrize("by", [(), ("device",), ("level", "device")])
def test_nobody_of_no_declared_level_is_told_apart_by_nothing(
    store: Any, by: tuple[str, ...]
) -> None:
    scope = SiteScope(site="shop", levels=(), sample=1.0)
    with store.database.snapshot() as snapshot:
        report = funnel(snapshot, scope, STEPS, WINDOW, convert_within_s=600.0, now=LATER, by=by)
    assert report.everyone.entered == 0
    assert report.segments == ()
