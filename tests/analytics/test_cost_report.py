"""What an outage cost a journey: what is usual less what came, with the bounds of chance."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.question import SiteScope, Window
from analytics.reports.activity_types import ActivityQuestion
from analytics.reports.cost import CostReport, cost
from analytics.reports.perceived_types import PerceivedQuestion

NOW = datetime(2026, 3, 4, 18, tzinfo=UTC)
OUTAGE = Window(NOW - timedelta(hours=6), NOW - timedelta(hours=4))
HOUR = timedelta(hours=1)
SCOPE = SiteScope(site="shop", levels=("novice",), sample=1.0)
PEOPLE = PerceivedQuestion(scope=SCOPE, name="Order", monitors=(), journey="order")
PAID = ActivityQuestion(scope=SCOPE, event="paid", name="Order", journey="order")


def counted(store: Any, weeks: int, during: int) -> None:
    """Twenty an hour, each worth ten, but for those of the outage."""
    first = NOW - timedelta(weeks=weeks)
    hours = [first + number * HOUR for number in range(weeks * 168)]
    rows = [
        {
            "site": "shop",
            "day": hour.date(),
            "hour": hour,
            "kind": "event",
            "name": "paid",
            "level": "novice",
            "count": count,
            "value": 10.0 * count,
            "currency": "EUR",
            "generated": False,
        }
        for hour in hours
        for count in [during if OUTAGE.start <= hour < OUTAGE.end else 20]
        if count
    ]
    store.insert("hourly_counts", rows)


def ask(store: Any, activity: ActivityQuestion | None = PAID) -> CostReport:
    report = store.ask(lambda snapshot: cost(snapshot, PEOPLE, activity, OUTAGE, NOW))
    assert isinstance(report, CostReport)
    return report


def test_what_did_not_come_is_lost_with_its_value(store: Any) -> None:
    counted(store, 9, 5)
    report = ask(store)
    assert (report.observed, report.usual) == (10, 40)
    assert report.conversions is not None
    assert report.conversions.value == 30
    assert 10 < report.conversions.low < 30 < report.conversions.high < 50
    assert report.worth is not None
    assert report.worth.value == pytest.approx(300)
    assert report.sentence().startswith("About 30 paid fewer than usual (95 %: ")
    assert report.sentence().endswith("worth about 300 EUR.")
    assert len(report.frame()) == 1


def test_no_fewer_than_usual_is_no_loss(store: Any) -> None:
    counted(store, 9, 25)
    report = ask(store)
    assert report.conversions is not None
    assert report.conversions.value == 0
    assert report.sentence() == "No fewer paid than usual: 50 against 40."


def test_with_too_few_weeks_it_is_said_not_to_be_known(store: Any) -> None:
    counted(store, 2, 0)
    report = ask(store)
    assert (report.conversions, report.worth) == (None, None)
    assert "cannot be told" in report.sentence()


def test_a_journey_without_an_event_has_people_only(store: Any) -> None:
    report = ask(store, None)
    assert (report.event, report.conversions, report.people) == ("", None, 0)
