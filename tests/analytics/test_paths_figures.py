"""Paths with known answers: a bot, levels apart, and stores with next to nothing in them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.question import SiteScope, Window
from analytics.reports.paths import paths
from analytics.reports.paths_types import Direction, NodeKind, PathsReport, PathStart, label
from tests.analytics.conftest import Store

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=1))
NOW = START + timedelta(days=2)
SCOPE = SiteScope(site="shop", levels=("novice", "confirmed", "expert"), sample=1.0)


def views(number: int, pages: str, **fields: Any) -> list[dict[str, Any]]:
    """A session that views a page a minute: "abc" is /a, /b, /c."""
    return [
        {
            "session": f"{number:032x}",
            "time": START + timedelta(hours=1, minutes=place),
            "batch": (1 << 20) + place,
            "page": f"/{page}",
            **fields,
        }
        for place, page in enumerate(pages)
    ]


def asked(store: Store, start: PathStart, **fields: Any) -> PathsReport:
    return store.ask(lambda snapshot: paths(snapshot, SCOPE, WINDOW, start, now=NOW, **fields))


def test_an_empty_store_has_no_paths(store: Store) -> None:
    report = asked(store, PathStart())
    assert (report.sessions, report.nodes, report.links, report.entries) == (0, (), (), ())
    assert report.frame().empty


def test_a_page_that_nobody_saw_has_no_paths(store: Store) -> None:
    store.events(views(1, "abc"))
    report = asked(store, PathStart(page="/z"))
    assert (report.sessions, report.nodes, report.began) == (0, (), 1)


def test_one_session_is_counted_and_its_shares_are_withheld(store: Store) -> None:
    store.events(views(1, "aabca"))
    report = asked(store, PathStart())
    assert [label(node) for node in report.nodes] == ["/a", "/b", "/c", "/a", "Exit"]
    assert all(node.share.value is None for node in report.nodes)


def test_levels_that_part_ways_are_told_apart(store: Store) -> None:
    rows = []
    for number in range(400):
        novice = number % 2 == 0
        leaves = number % 20 < (14 if novice else 5)
        rows += views(number, "a" if leaves else "ab", level="novice" if novice else "expert")
    store.events(rows)
    report = asked(store, PathStart(page="/a"))
    assert report.levels == ("novice", "expert")
    first = report.differences[0]
    assert (first.step, first.kind) in {(1, NodeKind.EXIT), (1, NodeKind.PAGE)}
    leaving = next(
        each for each in report.differences if (each.step, each.kind) == (1, NodeKind.EXIT)
    )
    assert leaving.sure
    assert leaving.difference
    assert leaving.difference.low < 0.7 - 0.2 < leaving.difference.high
    only = asked(store, PathStart(page="/a"), level="novice")
    assert (only.sessions, only.differences) == (200, ())


def test_levels_that_go_the_same_way_are_not_told_apart(store: Store) -> None:
    rows = []
    for number in range(400):
        level = "novice" if number % 2 else "expert"
        rows += views(number, "a" if number % 20 < 10 else "ab", level=level)
    store.events(rows)
    report = asked(store, PathStart(page="/a"))
    assert report.differences
    assert not any(each.sure for each in report.differences)


def test_a_bot_of_many_views_is_one_session(store: Store) -> None:
    """200,000 of them are the form of bench/paths.py: here, that it is one session at each step."""
    store.events(views(1, "ab" * 500))
    for number in range(2, 42):
        store.events(views(number, "ac"))
    report = asked(store, PathStart(page="/a"))
    assert report.sessions == 41
    assert {label(node): node.sessions for node in report.at(1)} == {"/b": 1, "/c": 40}
    assert [(loop.sessions, loop.times) for loop in report.loops] == [(1, 499), (1, 499)]


def test_paths_around_an_event_show_both_sides_of_it(store: Store) -> None:
    rows = []
    for number in range(40):
        rows += views(number, "abcd")
        rows.append({**views(number, "abc")[1], "kind": "event", "name": "signed", "position": 1})
    store.events(rows)
    report = asked(store, PathStart(direction=Direction.AROUND, event="signed"))
    assert [(node.step, label(node)) for node in report.nodes] == [
        (-2, "/a"), (-1, "/b"), (0, "signed"), (1, "/c"), (2, "/d"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "fields"),
    [
        (PathStart(page="/a", event="signed"), {}),
        (PathStart(direction=Direction.AROUND), {}),
        (PathStart(), {"steps": 6}),
        (PathStart(), {"steps": 1}),
        (PathStart(), {"top": 0}),
    ],
)
def test_questions_without_sense_are_refused(
    store: Store, start: PathStart, fields: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"path|step"):
        asked(store, start, **fields)
