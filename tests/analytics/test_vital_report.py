"""One vital in full: planted slow days and causes are found and said, and nothing else is."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analytics.question import SiteScope, Window
from analytics.reports.speed import speed
from analytics.reports.vital import vital
from analytics.reports.vital_types import VitalReport
from analytics.vital_days import Histogram, changes, quantile_of
from store.sealing import SealPolicy, seal_day

START = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 10
NOW = START + timedelta(days=DAYS)
WINDOW = Window(START, NOW)
SCOPE = SiteScope(site="shop", levels=("novice", "expert"), sample=1.0)
SLOW = range(4, 7)
A_DAY = 60


def views(*, slow: bool, seed: int = 1) -> list[dict[str, Any]]:
    """A day's views on each device; on SLOW days phones take twice as long where `slow`."""
    chance = random.Random(seed)
    rows = []
    for day in range(DAYS):
        for device in ("desktop", "phone"):
            for _ in range(A_DAY):
                value = 1500.0 * chance.lognormvariate(0, 0.25)
                if slow and device == "phone" and day in SLOW:
                    value *= 2.2
                rows.append(
                    {
                        "session": f"{chance.getrandbits(128):032x}",
                        "time": START + timedelta(days=day, seconds=chance.randrange(86_400)),
                        "kind": "vitals",
                        "page": "/list",
                        "lcp_ms": value,
                        "device": device,
                        "level": "novice",
                        "release": "2" if day >= SLOW[0] else "1",
                    }
                )
    return rows


def ask(store: Any, name: str = "lcp", **options: Any) -> VitalReport:
    report = store.ask(lambda snap: vital(snap, SCOPE, WINDOW, name, now=NOW, **options))
    assert isinstance(report, VitalReport)
    return report


def seal(store: Any, days: int = DAYS - 2) -> None:
    for day in range(days):
        at = (START + timedelta(days=day)).date()
        seal_day(store.database, SealPolicy(site="shop", sample=0.2, keep=0.2), at, NOW)


def test_slow_days_on_phones_are_found_and_said(store: Any) -> None:
    store.events(views(slow=True))
    store.insert(
        "site_releases",
        [{"site": "shop", "release": "2", "first_seen": START + timedelta(days=4),
          "last_seen": NOW}],
    )  # fmt: skip
    (change,) = ask(store, page="/list").changes
    assert (change.device, change.first, change.last) == (
        "phone", date(2026, 3, 5), date(2026, 3, 7),
    )  # fmt: skip
    assert change.sentence.startswith(
        "On phones, LCP was slower from 5 Mar to 7 Mar: 75th percentile 3.8 s, against 1.8 s"
    )
    assert "Not so on desktops. Release 2 was first seen then." in change.sentence


def test_days_that_are_sealed_say_the_same_as_while_they_were_hot(store: Any) -> None:
    store.events(views(slow=True))
    before = ask(store)
    seal(store)
    after = ask(store)
    assert after.changes == before.changes
    assert after.days == before.days
    assert after.views < before.views, "of the detail a fifth is kept"


def test_every_day_is_within_two_per_cent_of_its_views(store: Any) -> None:
    rows = views(slow=True)
    store.events(rows)
    for day in ask(store).days:
        if not day.device:
            continue
        values = [
            row["lcp_ms"]
            for row in rows
            if row["device"] == day.device and row["time"].date() == day.day
        ]
        true = float(np.quantile(values, 0.75, method="inverted_cdf"))
        assert day.p75.value == pytest.approx(true, rel=0.021)
        assert day.p75.value is not None
        assert day.p75.low is not None
        assert day.p75.high is not None
        assert day.p75.low <= day.p75.value <= day.p75.high
        assert day.views == len(values)


def test_where_nothing_changed_nothing_is_said() -> None:
    """500 sites of ten days and two devices, whose days differ more than by chance."""
    generator = np.random.default_rng(5)
    said = 0
    for _ in range(500):
        days = {}
        for day in range(DAYS):
            shift = generator.normal(0, 0.08)
            for device in ("desktop", "phone"):
                values = np.sort(1900 * np.exp(shift + 0.3 * generator.standard_normal(80)))
                days[date(2026, 3, 1 + day), device] = Histogram(values, np.ones(80), 80.0)
        said += bool(changes("lcp", days, {}, date(2026, 3, 10)))
    assert said <= 25, "5 %"


def test_too_few_sessions_give_no_figure_of_a_day() -> None:
    assert quantile_of(Histogram(np.array([1.0]), np.array([90.0]), 20.0)).value is None
    assert quantile_of(Histogram(np.array([1.0]), np.array([90.0]), 40.0)).value == 1.0


def caused(store: Any, *, cause: bool) -> VitalReport:
    chance = random.Random(3)
    rows = []
    for number in range(1200):
        hero = number % 3 == 0
        slow = chance.random() < (0.6 if cause and hero else 0.2)
        rows.append(
            {
                "session": f"{chance.getrandbits(128):032x}",
                "time": START + timedelta(minutes=number),
                "kind": "vitals",
                "page": "/",
                "lcp_ms": 5000.0 if slow else 1000.0,
                "device": chance.choice(("desktop", "phone")),
                "browser": chance.choice(("Chrome", "Firefox", "Safari")),
                "attribution": {
                    "lcp_target": "img.hero" if hero else f"p.{number % 7}",
                    "lcp_url": "/img/hero.jpg" if hero else None,
                },
            }
        )
    store.events(rows)
    return ask(store)


def test_what_slow_views_have_in_common_is_told_with_its_interval(store: Any) -> None:
    report = caused(store, cause=True)
    assert {(each.kind, each.what) for each in report.goes_with} == {
        ("element", "img.hero"),
        ("resource", "/img/hero.jpg"),
    }
    for each in report.goes_with:
        assert 0.3 < each.low < 0.4 < each.high < 0.5, "0.6 against 0.2 were planted"
        assert "because" not in each.sentence


def test_what_slow_views_do_not_have_in_common_is_not_told(store: Any) -> None:
    assert caused(store, cause=False).goes_with == ()


def test_bins_hold_every_view_and_end_at_the_thresholds(store: Any) -> None:
    store.events(
        [
            {
                "session": f"{number:032x}",
                "time": START,
                "kind": "vitals",
                "lcp_ms": value,
            }
            for number, value in enumerate((0.0, 2500.0, 2500.1, 4000.0, 4000.5, 99_000.0))
        ]
    )
    bins = {(each.low, each.high): each.views for each in ask(store).bins if each.views}
    assert bins == {(0, 500): 1, (2000, 2500): 1, (2500, 3000): 1, (3500, 4000): 1,
                    (4000, 4500): 1, (8000, None): 1}  # fmt: skip


def test_an_empty_store_gives_a_report_without_figures(store: Any) -> None:
    report = ask(store)
    assert (report.views, report.days, report.changes, report.goes_with) == (0, (), (), ())
    assert report.p75.withheld is not None


def test_the_worst_pages_are_those_with_most_people_affected(store: Any) -> None:
    rows = []
    for number in range(300):
        for view, (page, poor) in enumerate((("/busy", number % 3 == 0), ("/rare", True))):
            if page == "/rare" and number >= 60:
                continue
            rows.append(
                {
                    "session": f"{number:032x}",
                    "time": START + timedelta(minutes=number),
                    "kind": "vitals",
                    "page": page,
                    "view": view + 1,
                    "position": view,
                    "lcp_ms": 5000.0 if poor else 1000.0,
                    "inp_ms": 100.0,
                }
            )
    store.events(rows)
    report = store.ask(lambda snap: speed(snap, SCOPE, WINDOW, now=NOW))
    assert [(each.page, each.sessions.value, each.vital) for each in report.worst] == [
        ("/busy", 100, "lcp"),
        ("/rare", 60, "lcp"),
    ]
    assert report.worst[0].share.value == pytest.approx(1 / 3)
    assert report.worst[0].sentence == "", "it is better than the other page"
    assert report.worst[1].sentence.startswith(
        "100 % of the sessions on /rare had a poor view of it, mostly by LCP, against 33 %"
    )


def test_pages_that_were_slower_are_said_beside_all_pages(store: Any) -> None:
    store.events(views(slow=True))
    report = store.ask(lambda snap: speed(snap, SCOPE, WINDOW, now=NOW))
    assert [(each.page, each.device) for each in report.changes] == [("/list", "phone")]


def test_a_window_up_to_midnight_ends_with_the_day_before(store: Any) -> None:
    store.events(views(slow=False))
    window = Window(START, START + timedelta(days=3))
    report = store.ask(lambda snap: vital(snap, SCOPE, window, "lcp", now=NOW))
    assert {each.day for each in report.days} == {date(2026, 3, day) for day in (1, 2, 3)}
