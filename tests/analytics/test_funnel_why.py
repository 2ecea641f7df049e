"""What leaving a funnel goes with, and the sessions behind each bar."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.question import Rules, SiteScope, Step, Unit, Window
from analytics.reports.funnel_listed import Bar, FunnelSessionsReport, Outcome, funnel_sessions
from analytics.reports.funnel_why import FunnelWhyReport, Trait, funnel_why

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=1))
SCOPE = SiteScope(site="shop", levels=("novice", "expert"), sample=1.0)
STEPS = (Step(page="/form"), Step(page="/check"), Step(event="signed"))
LATER = WINDOW.end + timedelta(days=1)
SECOND = timedelta(seconds=1)
FAILED = {"request": {"url": "/x", "status": 503, "method": "GET", "aborted": False}}
DEAD = {"click": {"target": "#a", "rage": 0, "dead": True}}


def session(number: int, depth: int, *met: tuple[int, dict[str, Any]]) -> list[dict[str, Any]]:
    """A session that comes to step `depth`, each a view of its own; `met` are further events, a
    second after the step (from 1) in whose view they come."""
    at = START + timedelta(minutes=number % 1_000)
    named = {"session": f"{number:032x}"}
    rows: list[dict[str, Any]] = []
    for step in range(1, depth + 1):
        when = {"time": at + step * 10 * SECOND, "view": step, "batch": step << 1}
        kind = {"kind": "event", "name": "signed"} if step == 3 else {"page": STEPS[step - 1].page}
        rows.append({**named, **when, **kind})
    for step, columns in met:
        when = {"time": at + step * 10 * SECOND + SECOND, "view": step, "batch": (step << 1) + 1}
        rows.append({**named, **when, **columns})
    return rows


def why(store: Any) -> FunnelWhyReport:
    report = store.ask(
        lambda snapshot: funnel_why(snapshot, SCOPE, STEPS, WINDOW, convert_within_s=600, now=LATER)
    )
    assert isinstance(report, FunnelWhyReport)
    return report


def test_an_error_that_leaving_goes_with_is_told(store: Any) -> None:
    error = {"kind": "error", "name": "TypeError"}
    rows = []
    for number in range(400):
        leaves = number < 200
        met = [(2, error)] if number % 5 == 0 or (leaves and number % 2) else []
        rows += session(number, 2 if leaves else 3, *met)
    store.events(rows)
    report = why(store)
    assert len(report.readings) == 1
    assert report.readings[0].startswith(
        "Leaving at “/check” goes with a script error: 60 % of those who left met it,"
        " against 20 % of those who went on, "
    )
    assert "because" not in report.readings[0]


def test_where_leaving_goes_with_nothing_nothing_is_told(store: Any) -> None:
    chance = random.Random(4)
    rows = []
    for number in range(600):
        kinds: list[dict[str, Any]] = [
            {"kind": "error", "name": "x"},
            {"kind": "request", **FAILED},
            {"kind": "click", **DEAD},
            {"kind": "vitals", "lcp_ms": chance.uniform(500, 6000), "cls": chance.uniform(0, 0.4)},
        ]
        met = [(1, each) for each in kinds if chance.random() < 0.3]
        rows += session(number, chance.choice([1, 2, 3]), *met)
    store.events(rows)
    assert why(store).readings == ()


@pytest.mark.parametrize(
    ("columns", "trait"),
    [
        ({"kind": "error", "name": "x"}, Trait.ERROR),
        ({"kind": "request", **FAILED}, Trait.FAILED_REQUEST),
        ({"kind": "click", **DEAD}, Trait.FRUSTRATION),
        ({"kind": "vitals", "lcp_ms": 4001.0}, Trait.SLOW_PAGE),
        ({"kind": "vitals", "inp_ms": 501.0}, Trait.POOR_VITALS),
    ],
)
def test_only_what_was_met_in_the_view_of_the_step_counts(
    store: Any, columns: dict[str, Any], trait: Trait
) -> None:
    measured = {"kind": "vitals", "lcp_ms": 100.0, "inp_ms": 100.0}
    store.events(
        [
            row
            for number in range(40)
            for row in (
                *session(number, 1, (1, columns)),
                *session(100 + number, 2, (2, columns)),
                *session(200 + number, 2, (1, measured)),
            )
        ]
    )
    rows = {(row.step, row.trait): row for row in why(store).rows}
    assert rows[1, trait].dropped.value == 1.0
    assert rows[1, trait].went_on.value == 0.0
    assert rows[2, trait].dropped.value == (1.0 if columns["kind"] == "vitals" else 0.5)


def test_what_came_after_going_on_does_not_count(store: Any) -> None:
    rows = []
    for number in range(40):
        went_on = session(number, 2)
        late = {"time": went_on[1]["time"] + SECOND, "view": 1, "batch": 9}
        rows += [*went_on, {**went_on[0], **late, "kind": "error", "name": "x"}]
        rows += session(100 + number, 1)
    store.events(rows)
    rows_of = {(row.step, row.trait): row for row in why(store).rows}
    assert rows_of[1, Trait.ERROR].went_on.value == 0.0


def listed(store: Any, bar: Bar, **asked: Any) -> FunnelSessionsReport:
    report = store.ask(
        lambda snapshot: funnel_sessions(
            snapshot,
            SCOPE,
            STEPS,
            WINDOW,
            bar,
            **{"convert_within_s": 600, "now": LATER, **asked},
        )
    )
    assert isinstance(report, FunnelSessionsReport)
    return report


def numbers(report: FunnelSessionsReport) -> list[int]:
    return [int(row.session, 16) for row in report.rows]


def test_each_bar_lists_its_sessions_newest_first(store: Any) -> None:
    for number, depth in enumerate((1, 2, 3, 2, 1)):
        store.events(session(number, depth))
    assert numbers(listed(store, Bar(step=1))) == [4, 0]
    assert numbers(listed(store, Bar(step=1, outcome=Outcome.WENT_ON))) == [3, 2, 1]
    assert numbers(listed(store, Bar(step=2))) == [3, 1]
    assert numbers(listed(store, Bar(step=2, outcome=Outcome.REACHED))) == [3, 2, 1]
    assert numbers(listed(store, Bar(step=3, outcome=Outcome.REACHED))) == [2]
    assert listed(store, Bar(step=3, outcome=Outcome.REACHED)).rows[0].took_s == 20.0


def test_a_bar_of_a_segment_lists_only_that(store: Any) -> None:
    phone, desktop = {"device": "phone", "level": "novice"}, {"device": "desktop"}
    for number in range(4):
        columns = phone if number % 2 else desktop
        store.events([{**row, **columns} for row in session(number, 1)])
    assert numbers(listed(store, Bar(step=1, by=("device",), parts=("phone",)))) == [3, 1]
    assert numbers(listed(store, Bar(step=1, by=("level",), parts=("undeclared",)))) == [2, 0]
    both = Bar(step=1, by=("level", "device"), parts=("novice", "desktop"))
    assert numbers(listed(store, both)) == []


def test_recordings_are_marked_and_can_be_asked_for(store: Any) -> None:
    for number in range(3):
        store.events(session(number, 1))
    store.insert(
        "replays",
        [
            {
                "site": "shop",
                "session": f"{1:032x}",
                "load": 1,
                "number": 0,
                "day": START.date(),
                "bytes": 10,
                "events": 3,
                "start_time": START,
                "end_time": START + 30 * SECOND,
                "skew_us": 0,
                "reason": "sample",
                "received": START,
            }
        ],
    )
    everyone = listed(store, Bar(step=1))
    assert [(row.chunks, row.recorded_s) for row in everyone.rows] == [(0, 0), (1, 30.0), (0, 0)]
    assert numbers(listed(store, Bar(step=1, recorded=True))) == [1]


def test_those_still_in_window_have_not_dropped(store: Any) -> None:
    store.events(session(0, 1))
    soon = START + timedelta(minutes=5)
    assert numbers(listed(store, Bar(step=1), now=soon)) == []
    assert numbers(listed(store, Bar(step=1, outcome=Outcome.REACHED), now=soon)) == [0]


def test_a_long_list_goes_on(store: Any) -> None:
    store.events([row for number in range(60) for row in session(number, 1)])
    first, second = listed(store, Bar(step=1)), listed(store, Bar(step=1), after=50)
    assert (len(first.rows), first.more, len(second.rows), second.more) == (50, True, 10, False)


def test_those_who_entered_at_once_are_each_on_one_page(store: Any) -> None:
    together = [minute + 1_000 * turn for minute in (0, 1, 2) for turn in range(60)]
    random.Random(8).shuffle(together)
    store.events([row for number in together for row in session(number, 1)])
    pages = [listed(store, Bar(step=1), after=after) for after in (0, 50, 100, 150, 180)]
    assert [len(page.rows) for page in pages] == [50, 50, 50, 30, 0]
    assert [page.more for page in pages] == [True, True, True, False, False]
    found = [number for page in pages for number in numbers(page)]
    assert found == sorted(together, key=lambda number: (-(number % 1_000), number))


def test_of_a_user_the_session_in_which_they_came_to_the_step_last_is_listed(store: Any) -> None:
    def of_user(number: int, depth: int, later: timedelta) -> list[dict[str, Any]]:
        rows = session(number, depth)
        return [{**row, "user_key": "u1", "time": row["time"] + later} for row in rows]

    day = timedelta(days=1)
    store.events([*of_user(0, 1, 0 * SECOND), *of_user(1, 2, day - timedelta(hours=1))])
    store.events(of_user(2, 2, day + timedelta(hours=1)))
    asked = {"convert_within_s": 3 * day.total_seconds(), "now": LATER + 3 * day}
    rules = Rules(unit=Unit.USER)
    (row,) = listed(store, Bar(step=2), rules=rules, **asked).rows
    assert int(row.session, 16) == 2
    assert row.entered.date() == START.date()
    assert row.arrived.date() == (START + day).date()


def test_a_bar_that_is_not_there_is_refused(store: Any) -> None:
    with pytest.raises(ValueError, match="steps 1 to 3, not 4"):
        listed(store, Bar(step=4))
