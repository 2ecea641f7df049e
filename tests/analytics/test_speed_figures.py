"""Vitals by page, level and device, from views known beforehand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.basis import Withheld
from analytics.question import SiteScope, Window
from analytics.reports.speed import speed
from analytics.reports.types import SpeedReport, SpeedRow

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=1))
SCOPE = SiteScope(site="shop", levels=("novice", "expert"), sample=1.0)


def views(count: int, first: int = 0, **columns: Any) -> list[dict[str, Any]]:
    """One view each of `count` sessions; the number-th took 1000 + 10 x number ms."""
    return [
        {
            "session": f"{first + number:032x}",
            "time": START + timedelta(seconds=number),
            "kind": "vitals",
            "page": "/",
            "lcp_ms": 1000.0 + 10 * number,
            **columns,
        }
        for number in range(count)
    ]


def ask(store: Any, **options: Any) -> SpeedReport:
    report = store.ask(lambda snapshot: speed(snapshot, SCOPE, WINDOW, now=WINDOW.end, **options))
    assert isinstance(report, SpeedReport)
    return report


def row(report: SpeedReport, **wanted: str) -> SpeedRow:
    wanted = {"page": "/", "level": "", "device": "", "vital": "lcp"} | wanted
    (found,) = [
        each
        for each in report.rows
        if all(getattr(each, name) == value for name, value in wanted.items())
    ]
    return found


def test_p75_carries_woodruffs_interval_and_shares_by_threshold(store: Any) -> None:
    store.events(views(400))
    found = row(ask(store))
    assert (found.views, found.p75.value) == (400, 3990)
    assert found.p75.low == 3830, "at 0.75 - 1.96 x sqrt(0.75 x 0.25 / 399)"
    assert found.p75.high == 4160
    assert found.good == pytest.approx(151 / 400)
    assert found.poor == pytest.approx(99 / 400)


def test_a_view_counts_once_with_the_latest_vitals_it_sent(store: Any) -> None:
    store.events(views(40, lcp_ms=9000.0, inp_ms=100.0, position=0))
    store.events(views(40, lcp_ms=2000.0, inp_ms=None, position=1))
    report = ask(store)
    assert (row(report).views, row(report).p75.value) == (40, 2000)
    assert {each.vital for each in report.rows} == {"lcp"}


def test_two_page_loads_with_one_view_number_are_two_views(store: Any) -> None:
    store.events(views(40, batch=1 << 20))
    store.events(views(40, batch=(2 << 20) + 7))
    assert row(ask(store)).views == 80


def test_levels_and_devices_stand_side_by_side(store: Any) -> None:
    store.events(views(40, level="novice", device="phone", lcp_ms=5000.0))
    store.events(views(40, first=100, level="expert", device="desktop", lcp_ms=1000.0))
    report = ask(store, by_device=True)
    assert row(report, level="novice").p75.value == 5000
    assert row(report, level="expert").p75.value == 1000
    assert row(report, device="phone").poor == 1
    assert row(report, device="desktop", level="expert").good == 1
    assert {each.device for each in ask(store).rows} == {""}


def test_a_level_declared_later_in_the_session_labels_its_earlier_views(store: Any) -> None:
    store.events(views(40))
    store.events(views(40, kind="view", batch=2 << 20, level="novice", lcp_ms=None))
    assert row(ask(store), level="novice").views == 40


def test_many_views_of_few_sessions_are_withheld(store: Any) -> None:
    for load in range(1, 50):
        store.events(views(4, batch=load << 20))
    found = row(ask(store))
    assert (found.views, found.good) == (196, None)
    assert found.p75.withheld is Withheld.TOO_FEW_SESSIONS


def test_exactly_at_the_threshold_is_good(store: Any) -> None:
    store.events(views(40, lcp_ms=2500.0, cls=0.1))
    report = ask(store)
    assert row(report).good == row(report, vital="cls").good == 1


def test_one_page_is_asked_for_by_name(store: Any) -> None:
    store.events(views(40))
    store.events(views(40, first=100, page="/other"))
    assert {each.page for each in ask(store, page="/other").rows} == {"/other"}
    assert ask(store, page="/none").rows == ()


def test_the_small_print_says_when_all_that_is_kept_was_read(store: Any) -> None:
    store.events([{**view, "session": view["session"][8:] + "f0000000"} for view in views(40)])
    report = ask(store, sample=0.2)
    assert (report.basis.asked_sample, report.basis.sample, report.basis.sessions) == (0.2, 1, 40)
    assert row(report).views == 40
    assert list(report.frame().columns)[-4:] == ["p75", "p75_low", "p75_high", "withheld"]
