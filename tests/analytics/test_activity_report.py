"""An event's volume from hot rows and kept counts: usual, low, by attribute, short of weeks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from analytics.calendars import Calendar
from analytics.question import SiteScope, Window
from analytics.reports.activity import activity
from analytics.reports.activity_types import ActivityQuestion, ActivityReport, ActivityState
from tests.support.volumes import WEEK_H, volume

NOW = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=2, hours=15, minutes=30)
"""A Wednesday afternoon."""
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = Window(NOW - timedelta(days=1), NOW)
QUESTION = ActivityQuestion(
    scope=SiteScope(site="shop", levels=("novice", "expert")), event="signed", name="Sign"
)


def ask(
    store: Any, question: ActivityQuestion = QUESTION, window: Window = DAY, now: datetime = NOW
) -> ActivityReport:
    report = store.ask(lambda snapshot: activity(snapshot, question, window, now))
    assert isinstance(report, ActivityReport)
    return report


def kept(hour: datetime, count: int, **more: Any) -> dict[str, Any]:
    return {
        "site": "shop",
        "day": hour.date(),
        "hour": hour,
        "kind": "event",
        "name": "signed",
        "level": "novice",
        "count": count,
        "value": 10.0 * count,
        "currency": "EUR",
        "generated": False,
        **more,
    }


def history(
    store: Any, *, weeks: int = 9, stop: Window | None = None, a_day: float = 250, seed: int = 4
) -> None:
    """Hourly counts of so many whole weeks and of this one up to NOW, but for a stop."""
    counts = volume(seed, weeks + 1, a_day=a_day).counts
    hours = [MONDAY + (place - weeks * WEEK_H) * HOUR for place in range(len(counts))]
    store.insert(
        "hourly_counts",
        [
            kept(hour, int(count))
            for hour, count in zip(hours, counts, strict=True)
            if hour < NOW - HOUR and count and not (stop and stop.start <= hour < stop.end)
        ],
    )


def test_a_volume_as_usual_is_said_to_be(store: Any) -> None:
    history(store)
    report = ask(store)
    assert report.state is ActivityState.USUAL
    assert report.sentence.startswith("signed comes as usual: ")
    assert report.lows == ()
    assert report.seen_within_h is not None
    assert report.seen_within_most_h is not None
    assert report.seen_within_usual_h is not None
    assert report.seen_within_usual_h <= report.seen_within_most_h
    whole = [slot for slot in report.slots if slot.expected is not None]
    inside = [slot for slot in whole if slot.low <= slot.count <= slot.high]  # type: ignore[operator]
    assert len(inside) >= 0.75 * len(whole) >= 15


def test_a_full_stop_is_told_since_when(store: Any) -> None:
    history(store, stop=Window(NOW - timedelta(hours=5, minutes=30), NOW))
    report = ask(store)
    assert report.state is ActivityState.LOW
    (low,) = report.lows
    assert (low.end, low.count) == (None, 0)
    assert abs(low.start - (NOW - timedelta(hours=5, minutes=30))) <= HOUR
    assert report.sentence.startswith(
        "signed is abnormally rare since 4 Mar 10:00 UTC: 0 signed in"
    )


def test_a_stop_that_is_over_stays_in_the_window(store: Any) -> None:
    stop = Window(NOW - timedelta(hours=29, minutes=30), NOW - timedelta(hours=25, minutes=30))
    history(store, stop=stop)
    report = ask(store, window=Window(NOW - timedelta(days=7), NOW))
    (low,) = report.lows
    assert low.end is not None
    assert abs(low.end - stop.end) <= HOUR
    assert report.state is ActivityState.USUAL


def test_what_an_outage_explains_is_not_judged(store: Any) -> None:
    stop = Window(NOW - timedelta(hours=29, minutes=30), NOW - timedelta(hours=25, minutes=30))
    history(store, stop=stop)
    store.checks(
        [
            {
                "monitor": "home",
                "due": due,
                "verdict": "bad" if inside else "good",
                "interval_ms": 300_000,
            }
            for minutes in range(0, 3_000, 5)
            for due in [NOW - timedelta(minutes=3_000 - minutes)]
            for inside in [stop.start <= due < stop.end]
        ]
    )
    week = Window(NOW - timedelta(days=7), NOW)
    assert ask(store, structs.replace(QUESTION, monitors=("home",)), week).lows == ()
    assert ask(store, QUESTION, week).lows


def test_a_holiday_is_not_judged(store: Any) -> None:
    today = Window(NOW.replace(hour=0, minute=0), NOW)
    history(store, stop=today)
    calendar = Calendar("UTC", (f"{NOW:%m-%d}",))
    scope = structs.replace(QUESTION.scope, calendar=calendar)
    assert ask(store, structs.replace(QUESTION, scope=scope)).lows == ()
    assert ask(store).lows


def test_few_weeks_are_said_to_be_few(store: Any) -> None:
    history(store, weeks=2)
    report = ask(store)
    assert report.state is ActivityState.LEARNING
    assert {slot.expected for slot in report.slots} == {None}
    assert report.seen_within_h is None


def test_a_rare_event_is_said_to_be_too_rare(store: Any) -> None:
    history(store, a_day=0.5)
    report = ask(store)
    assert report.state is ActivityState.TOO_FEW
    assert report.seen_within_most_h is None


def test_nothing_at_all_is_none(store: Any) -> None:
    report = ask(store)
    assert (report.state, report.total) == (ActivityState.NONE, 0)
    assert len(report.frame()) == len(report.slots)


def hot(number: int, time: datetime, **more: Any) -> dict[str, Any]:
    return {
        "session": f"{number:032x}",
        "time": time,
        "kind": "event",
        "name": "signed",
        "value": 100.0,
        "currency": "EUR",
        **more,
    }


def test_hot_rows_and_kept_counts_add_up_with_their_value(store: Any) -> None:
    store.insert("hourly_counts", [kept(NOW.replace(minute=0) - 20 * HOUR, 7)])
    store.events([hot(1, NOW - HOUR), hot(2, NOW - HOUR, server=True), hot(3, NOW, bot=True)])
    report = ask(store)
    assert (report.total, report.value, report.currency) == (9, 270.0, "EUR")


def test_by_level_and_by_attribute_hold_the_window_and_the_one_before(store: Any) -> None:
    store.insert("hourly_counts", [kept(NOW.replace(minute=0) - 30 * HOUR, 5)])
    store.insert(
        "hourly_attributes",
        [
            {
                "site": "shop",
                "day": hour.date(),
                "hour": hour,
                "name": "signed",
                "attribute": "kind",
                "told": "simple",
                "count": 5,
                "value": 50.0,
                "generated": False,
            }
            for hour in [NOW.replace(minute=0) - 30 * HOUR]
        ],
    )
    kinds = ["simple", "exclusive", "exclusive"]
    store.events(
        [
            hot(number, NOW - HOUR, level="expert", attributes={"kind": kind})
            for number, kind in enumerate(kinds)
        ]
    )
    by_kind = ask(store, structs.replace(QUESTION, by="kind"))
    assert [(p.told, p.count, p.before) for p in by_kind.parts] == [
        ("exclusive", 2, 0),
        ("simple", 1, 5),
    ]
    assert by_kind.parts[0].share == pytest.approx(2 / 3)
    assert list(by_kind.frame()["told"]) == ["exclusive", "simple"]
    by_level = ask(store, structs.replace(QUESTION, by="level"))
    assert [(p.told, p.count, p.before) for p in by_level.parts] == [
        ("expert", 3, 0),
        ("novice", 0, 5),
    ]
