"""User-perceived availability of a store: known timelines, levels, outages and what was missing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from analytics.basis import Withheld
from analytics.question import Evidence, SiteScope, Window
from analytics.reports.perceived import perceived
from analytics.reports.perceived_types import PerceivedQuestion, PerceivedReport

START = datetime(2026, 3, 2, tzinfo=UTC)
NOW = START + timedelta(days=1)
WINDOW = Window(START, NOW)
MINUTE = timedelta(minutes=1)
QUESTION = PerceivedQuestion(
    scope=SiteScope(site="shop", levels=("novice", "expert"), sample=1.0),
    name="Shop",
    monitors=("home",),
    evidence=Evidence(cutoff_s=600),
)


def ask(
    store: Any, question: PerceivedQuestion = QUESTION, window: Window = WINDOW
) -> PerceivedReport:
    report = store.ask(lambda snapshot: perceived(snapshot, question, window, NOW))
    assert isinstance(report, PerceivedReport)
    return report


def person(
    number: int, at: datetime, *signs: tuple[float, dict[str, Any]], level: str = "novice"
) -> Iterator[dict[str, Any]]:
    """One session: (minutes after `at`, what came then)."""
    session = f"{number:024x}{(number * 2_654_435_761) % 2**32:08x}"
    for place, (minutes, event) in enumerate(signs):
        time = at + timedelta(minutes=minutes)
        yield {"session": session, "time": time, "position": place, "level": level, **event}


VIEW: dict[str, Any] = {"kind": "view"}
ERROR = {"kind": "error", "name": "TypeError"}
LEFT = {"kind": "leave"}


def request(status: int, *, aborted: bool = False, url: str = "/api") -> dict[str, Any]:
    return {
        "kind": "request",
        "request": {"url": url, "status": status, "aborted": aborted, "duration_ms": 10.0},
    }


def crowd(
    count: int, at: datetime, *signs: tuple[float, dict[str, Any]], level: str = "novice"
) -> list[dict[str, Any]]:
    first = int((at - START) / MINUTE) * 1_000 + sum(map(ord, level))
    return [
        row
        for number in range(count)
        for row in person(first + number, at + number * timedelta(seconds=1), *signs, level=level)
    ]


def checks(down: Window | None = None, day: datetime = START) -> list[dict[str, Any]]:
    dues = [day + number * MINUTE for number in range(1_440)]
    return [
        {
            "monitor": "home",
            "due": due,
            "verdict": "bad" if down and down.start <= due < down.end else "good",
            "outcome": "connect_refused",
        }
        for due in dues
    ]


def test_after_a_failure_a_user_is_down_until_the_next_success(store: Any) -> None:
    store.events(
        crowd(40, START + 60 * MINUTE, (0, VIEW), (3, ERROR), (4, {"kind": "click"}), (5, VIEW),
              (10, LEFT))
    )  # fmt: skip
    row = ask(store).everyone
    assert (row.sessions, row.met) == (40, 40)
    assert row.active_min == pytest.approx(400)
    assert row.down_min == pytest.approx(80)
    assert row.user_uptime.value == pytest.approx(0.8)
    assert row.lost_per_1000_h.value == pytest.approx(12_000)


def test_levels_stand_apart_and_one_with_too_few_is_withheld(store: Any) -> None:
    at = START + 60 * MINUTE
    store.events(crowd(60, at, (0, VIEW), (5, ERROR), (10, LEFT)))
    store.events(crowd(8, at, (0, VIEW), (10, LEFT), level="expert"))
    novice, expert = ask(store).levels
    assert novice.user_uptime.value == pytest.approx(0.5)
    assert novice.user_uptime.low is not None
    assert novice.user_uptime.low < 0.5
    assert expert.user_uptime.withheld is Withheld.TOO_FEW_SESSIONS


@pytest.mark.parametrize(
    ("sign", "fails"),
    [
        (ERROR, True),
        ({"kind": "error", "source": "script"}, False),
        (request(503), True),
        (request(0), True),
        (request(0, aborted=True), False),
        (request(404), False),
        ({"kind": "click", "click": {"target": "a", "error": True}}, True),
        ({"kind": "click", "click": {"target": "a", "error": False}}, False),
        ({"kind": "view", "page": "/oops"}, True),
        ({"kind": "event", "name": "paid"}, False),
    ],
)  # fmt: skip
def test_what_counts_as_a_failure(store: Any, sign: dict[str, Any], fails: bool) -> None:
    store.events(crowd(40, START + 60 * MINUTE, (0, VIEW), (5, sign), (10, LEFT)))
    evidence = Evidence(cutoff_s=600, error_pages=("/oops",))
    row = ask(store, structs.replace(QUESTION, evidence=evidence)).everyone
    assert row.user_uptime.value == pytest.approx(0.5 if fails else 1.0)


def test_only_key_requests_count_where_they_are_named(store: Any) -> None:
    at = START + 60 * MINUTE
    other = request(500, url="/api/ads")
    store.events(crowd(40, at, (0, VIEW), (4, other), (8, request(500)), (10, LEFT)))
    evidence = Evidence(cutoff_s=600, key_requests=("/api",))
    row = ask(store, structs.replace(QUESTION, evidence=evidence)).everyone
    assert row.user_uptime.value == pytest.approx(0.8)


def test_errors_can_be_left_out(store: Any) -> None:
    store.events(crowd(40, START + 60 * MINUTE, (0, VIEW), (5, ERROR), (10, LEFT)))
    evidence = Evidence(cutoff_s=600, errors=False)
    assert ask(store, structs.replace(QUESTION, evidence=evidence)).everyone.down_min == 0


def test_a_journey_counts_what_happens_on_its_pages_alone(store: Any) -> None:
    on, off = {"kind": "view", "page": "/form"}, {"kind": "view", "page": "/news"}
    failing = {**ERROR, "page": "/form"}
    elsewhere = (6, off), (9, {**ERROR, "page": "/news"}), (12, {**LEFT, "page": "/news"})
    store.events(crowd(40, START + 60 * MINUTE, (0, on), (4, failing), *elsewhere))
    question = structs.replace(QUESTION, journey="sign", pages=("/form",), events=("signed",))
    row = ask(store, question).everyone
    assert row.active_min == pytest.approx(240)
    assert row.down_min == pytest.approx(80)


def test_the_worst_window_is_linked_with_its_incident(store: Any) -> None:
    down = Window(START + 120 * MINUTE, START + 150 * MINUTE)
    store.checks(checks(down))
    store.events(crowd(100, START + 60 * MINUTE, (0, VIEW), (9, LEFT)))
    store.events(crowd(100, START + 125 * MINUTE, (0, VIEW), (1, request(503)), (9, LEFT)))
    report = ask(store)
    worst = {each.minutes: each for each in report.worst}
    assert worst[4].user_uptime == pytest.approx(0, abs=0.01)
    assert worst[4].incident == "home@20260302T020000Z"
    assert down.start <= worst[4].start < down.end
    assert worst[1_440].user_uptime == pytest.approx(report.everyone.user_uptime.value)


def weeks(seconds: float, hours: range = range(24), count: int = 5) -> list[dict[str, Any]]:
    """What earlier weeks kept of the same hours of the day."""
    return [
        {"site": "shop", "day": hour.date(), "hour": hour, "seconds": seconds, "generated": False}
        for week in range(1, count + 1)
        for at in hours
        for hour in [START - timedelta(weeks=week) + timedelta(hours=at)]
    ]


def test_demand_that_stayed_away_while_nothing_could_load_is_lost(store: Any) -> None:
    down = Window(START + 120 * MINUTE, START + 150 * MINUTE)
    store.checks(checks(down))
    store.insert("active_hours", weeks(36_000))  # ten people at any time
    store.events(crowd(100, START + 60 * MINUTE, (0, VIEW), (9, LEFT)))
    report = ask(store)
    assert report.probed_down_min == pytest.approx(30)
    assert report.lost_min == pytest.approx(300)
    assert report.everyone.user_uptime.value == 1
    assert report.perceived is not None
    assert report.perceived.value == pytest.approx(900 / (900 + 300))
    assert report.uptime == pytest.approx(1 - 30 / 1_440, abs=1e-3)
    assert report.demand_uptime == pytest.approx(report.uptime, abs=1e-3)


def test_an_outage_when_nobody_comes_costs_nothing_by_demand(store: Any) -> None:
    down = Window(START + 120 * MINUTE, START + 150 * MINUTE)
    store.checks(checks(down))
    store.insert("active_hours", weeks(36_000, range(8, 20)))
    report = ask(store)
    assert report.lost_min == 0
    assert report.demand_uptime == 1
    assert report.uptime is not None
    assert report.uptime < 0.98


def test_with_too_few_weeks_nothing_is_said_to_be_missing(store: Any) -> None:
    store.checks(checks(Window(START + 120 * MINUTE, START + 150 * MINUTE)))
    store.insert("active_hours", weeks(36_000, count=2))
    report = ask(store)
    assert (report.lost_min, report.perceived) == (None, None)
    assert "too few weeks" in report.basis.note


def test_a_sample_stands_for_everyone(store: Any) -> None:
    store.events(
        [
            row
            for hour in range(1, 21)
            for row in crowd(50, START + hour * 60 * MINUTE, (0, VIEW), (5, ERROR), (10, LEFT))
        ]
    )
    scope = structs.replace(QUESTION.scope, sample=0.2)
    report = ask(store, structs.replace(QUESTION, scope=scope))
    assert report.basis.sample == 0.2
    assert 150 < report.everyone.sessions < 250
    assert report.everyone.active_min == pytest.approx(10_000, rel=0.15)


def test_nothing_at_all_has_no_figure(store: Any) -> None:
    report = ask(store)
    assert report.everyone.user_uptime.withheld is Withheld.NO_DATA
    assert (report.worst, report.uptime, report.demand_uptime) == ((), None, None)
    assert len(report.frame()) == 3


def test_a_session_into_the_window_keeps_the_state_it_came_with(store: Any) -> None:
    store.events(crowd(40, START + 55 * MINUTE, (0, VIEW), (2, ERROR), (10, LEFT)))
    window = Window(START + 60 * MINUTE, NOW)
    assert ask(store, window=window).everyone.user_uptime.value == 0
