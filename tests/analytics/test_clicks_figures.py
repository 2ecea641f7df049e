"""Clicks by element, scroll depth and pages: against a slow second count, and known answers."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.question import SiteScope, Window
from analytics.reports.clicks import ELEMENTS_MAX, clicks
from analytics.reports.clicks_types import ClicksReport
from tests.analytics.conftest import Store

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(hours=2))
NOW = START + timedelta(days=1)
SCOPE = SiteScope(site="shop", levels=("novice", "expert"), sample=1.0)

Event = tuple[int, str, str, str, bool, bool]
"""Minute (some outside the window), kind, page, target or scroll's tenth, rage, dead."""

EVENTS = st.tuples(
    st.integers(-10, 129),
    st.sampled_from(["view", "click", "click", "leave"]),
    st.sampled_from(["/a", "/b"]),
    st.sampled_from(["2", "5", "9"]),
    st.booleans(),
    st.booleans(),
)


def record(number: int, place: int, event: Event, **fields: Any) -> dict[str, Any]:
    minute, kind, page, what, rage, dead = event
    row: dict[str, Any] = {
        "session": f"{number:032x}",
        "time": START + timedelta(minutes=minute),
        "batch": (1 << 20) + place,
        "view": place,
        "kind": kind,
        "page": page,
        "click": None,
        "leave": None,
        **fields,
    }
    if kind == "click":
        row["click"] = {
            "target": f"#e{what}", "rage": 3 if rage else 0, "dead": dead, "error": False,
            "page_y": int(what) * 100, "document_height": 1000, "page_x": 50,
            "viewport_width": 100, "fixed": False,
        }  # fmt: skip
    if kind == "leave":
        row["leave"] = {"scroll": int(what) / 10}
    return row


def asked(store: Store, **fields: Any) -> ClicksReport:
    return store.ask(lambda snapshot: clicks(snapshot, SCOPE, WINDOW, now=NOW, **fields))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=st.lists(st.lists(EVENTS, min_size=1, max_size=9), min_size=1, max_size=8))
def test_clicks_count_what_a_slow_reading_counts(
    shared_store: Store, drawn: list[list[Event]]
) -> None:
    shared_store.clear()
    shared_store.events(
        [
            record(number, place, event)
            for number, session in enumerate(drawn)
            for place, event in enumerate(session)
        ]
    )
    report = asked(shared_store, page="/a")
    there = [
        [event for event in session if event[2] == "/a" and 0 <= event[0] < 120]
        for session in drawn
    ]
    there = [session for session in there if {"view", "click"} & {event[1] for event in session}]
    clicked = [event for session in there for event in session if event[1] == "click"]
    assert report.sessions == len(there)
    assert report.views == sum(event[1] == "view" for session in there for event in session)
    found = {row.target: row for row in report.elements}
    assert {target: row.clicks for target, row in found.items()} == Counter(
        f"#e{event[3]}" for event in clicked
    )
    assert {target: row.sessions for target, row in found.items()} == Counter(
        target
        for session in there
        for target in {f"#e{event[3]}" for event in session if event[1] == "click"}
    )
    assert sum(row.rage for row in found.values()) == sum(event[4] for event in clicked)
    assert sum(row.dead for row in found.values()) == sum(event[5] for event in clicked)
    listed = {row.page: row.clicks for row in asked(shared_store).pages}
    assert listed.get("/a", 0) == len(clicked)


def test_scroll_depth_is_what_views_reached_and_the_fold_what_nearly_all_saw(store: Store) -> None:
    rows = []
    for number in range(200):
        tenth = "9" if number < 50 else "5"
        rows.append(record(number, 0, (1, "view", "/a", tenth, False, False)))
        rows.append(record(number, 1, (2, "leave", "/a", "2", False, False), view=0))
        rows.append(record(number, 2, (3, "leave", "/a", tenth, False, False), view=0))
    store.events(rows)
    report = asked(store, page="/a")
    reached = {round(each.depth, 1): each.share.value for each in report.scroll}
    assert (reached[0.5], reached[0.6], reached[0.9], reached[1.0]) == (1.0, 0.25, 0.25, 0.0)
    assert report.fold == 0.5


def test_levels_and_devices_are_kept_apart(store: Store) -> None:
    rows = []
    for number in range(120):
        who = {
            "level": "novice" if number % 2 else "expert",
            "device": "phone" if number % 3 == 0 else "desktop",
        }
        rows.append(record(number, 0, (1, "view", "/a", "2", False, False), **who))
        if number % 2:
            rows.append(record(number, 1, (2, "click", "/a", "2", False, True), **who))
    store.events(rows)
    (button,) = asked(store, page="/a").elements
    assert {each.level: each.share.value for each in button.levels} == {"novice": 1, "expert": 0}
    assert (button.share.value, button.dead, button.y, button.x) == (0.5, 60, 0.2, 0.5)
    phones = asked(store, page="/a", device="phone")
    assert (phones.sessions, phones.elements[0].sessions) == (40, 20)
    assert asked(store, page="/a", level="expert").elements == ()


def test_a_bot_that_clicks_everything_is_one_session_and_the_list_has_an_end(store: Store) -> None:
    rows = [record(1, 0, (1, "view", "/a", "2", False, False))]
    for place in range(ELEMENTS_MAX + 30):
        row = record(1, place + 1, (2, "click", "/a", "2", False, False))
        rows.append({**row, "click": {**row["click"], "target": f"li:nth-of-type({place})"}})
    store.events(rows)
    report = asked(store, page="/a")
    assert (report.sessions, len(report.elements), report.left_out) == (1, ELEMENTS_MAX, 30)


def test_an_empty_store_has_no_clicks(store: Store) -> None:
    assert asked(store).pages == ()
    report = asked(store, page="/a")
    assert (report.sessions, report.elements, report.scroll, report.fold) == (0, (), (), None)
    assert report.frame().empty
