"""What is new of incidents: one row an outage, however its edges move, and who is told of what."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import structs

from analytics.reports.types import Incident, Interval, MonitorUptime, State
from tests.support.alerts import NOW
from vigie.alerts.incident import IncidentRow
from vigie.alerts.ledger import Change
from vigie.alerts.noticing import TOLD_LATE, changes, may_speak

BEGAN = NOW - timedelta(days=30)


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def outage(start: float, end: float | None = None, **more: Any) -> Incident:
    return Incident(
        monitor="home",
        start=at(start),
        end=None if end is None else at(end),
        confirmed_at=at(start + 1),
        edge_s=60.0,
        outcome="wrong_status",
        detail="503",
        failed_checks=2,
        **more,
    )


class Book:
    """The rows of one monitor, as the ledger would keep them, and all that was told."""

    def __init__(self, tells: tuple[str, ...] = ("ops",), since: datetime = BEGAN) -> None:
        self.rows: dict[str, IncidentRow] = {}
        self.told: list[tuple[str, str]] = []
        self.tells = tells
        self.since = since

    def look(
        self, *found: Incident, minute: float = 0, withdraws: bool = False
    ) -> Sequence[Change]:
        now = at(minute)
        known = sorted(self.rows.values(), key=lambda row: row.start)
        news = list(
            changes(known, found, tells=self.tells, since=self.since, now=now, withdraws=withdraws)
        )
        for change in news:
            assert change.new is (change.row.id not in self.rows)
            self.rows[change.row.id] = change.row
            self.told += [("open", change.row.id)] if change.tell else []
            if change.close and ("open", change.row.id) in self.told:
                self.told.append(("close", change.row.id))
        return news

    def events(self) -> list[str]:
        return [event for event, _ in self.told]


def test_an_outage_is_told_when_it_is_noticed_and_when_it_ends_and_never_again() -> None:
    book = Book()
    book.look(outage(0), minute=2)
    assert not book.look(outage(0), minute=3), "while it lasts there is nothing to write"
    book.look(outage(0, 8), minute=9)
    assert not book.look(outage(0, 8), minute=10)
    (id_,) = book.rows
    assert id_ == outage(0).id
    assert book.told == [("open", id_), ("close", id_)]


def test_edges_that_move_make_no_second_incident() -> None:
    book = Book()
    book.look(outage(0), minute=2)
    book.look(outage(-3), minute=3)
    book.look(outage(-3, 8), minute=9)
    book.look(outage(-2, 7), minute=10)
    (row,) = book.rows.values()
    assert (row.id, row.end) == (outage(0).id, at(7))
    assert book.events() == ["open", "close"]


def test_one_that_falls_into_two_while_it_lasts_is_told_as_two() -> None:
    book = Book()
    book.look(outage(0), minute=2)
    book.look(outage(0, 3), outage(5), minute=6)
    assert book.events() == ["open", "close", "open"]
    book.look(outage(0, 3), outage(5, 9), minute=10)
    assert book.events() == ["open", "close", "open", "close"]


def test_one_that_falls_into_two_when_it_is_over_is_no_news() -> None:
    book = Book()
    book.look(outage(0), minute=2)
    book.look(outage(0, 9), minute=10)
    for end in (9, 9, 8):
        book.look(outage(0, 3), outage(5, end), minute=11)
    assert book.events() == ["open", "close"]
    assert [row.end for row in book.rows.values()] == [at(8)]


def test_one_told_as_over_that_still_lasts_is_told_as_another() -> None:
    book = Book()
    book.look(outage(0), minute=2)
    book.look(outage(0, 5), minute=6)
    book.look(outage(0), minute=8)  # late results: it was not over
    assert book.events() == ["open", "close", "open"]
    assert not book.look(outage(0), minute=9)
    book.look(outage(0, 12), minute=13)
    assert book.events() == ["open", "close", "open", "close"]
    assert [row.start for row in book.rows.values()] == [at(0), at(5)]


def test_one_that_is_none_any_more_is_withdrawn_but_only_by_a_whole_look() -> None:
    book = Book()
    book.look(outage(0), minute=2)
    assert not book.look(minute=3)
    book.look(minute=4, withdraws=True)
    assert book.events() == ["open", "close"]
    (row,) = book.rows.values()
    assert row.withdrawn
    assert not book.look(minute=5, withdraws=True)


def test_one_held_back_is_told_to_nobody_unless_it_is_released() -> None:
    book = Book()
    book.look(outage(0, held_back=True), minute=2)
    book.look(outage(0, 8, held_back=True), minute=9)
    assert len(book.rows) == 1
    assert book.told == []
    book.look(outage(20, held_back=True), minute=22)
    book.look(outage(20), minute=25)
    assert book.events() == ["open"]
    book.look(outage(20, held_back=True), minute=26)
    book.look(outage(20, 30), minute=31)
    assert book.events() == ["open", "close"]


def test_one_that_was_over_when_noticed_is_told_whole() -> None:
    book = Book()
    book.look(outage(0, 1), minute=2)
    assert book.events() == ["open", "close"]


def test_what_ended_before_alerting_began_or_long_ago_is_not_told() -> None:
    fresh = Book(since=at(10))
    assert not fresh.look(outage(0, 5), minute=11)
    fresh.look(outage(6), minute=11)
    assert fresh.events() == ["open"], "what still lasts is told"
    late = Book()
    ended = TOLD_LATE.total_seconds() / 60
    assert not late.look(outage(0, 5), minute=ended + 6)
    assert late.look(outage(0, 5), minute=ended + 4)


def test_one_that_flaps_says_so() -> None:
    book = Book()
    book.look(outage(0, flapping=True), minute=2)
    (row,) = book.rows.values()
    assert row.detail.startswith("503; it goes down again and again")


def test_without_a_channel_it_is_a_row_all_the_same() -> None:
    book = Book(tells=())
    book.look(outage(0), minute=2)
    assert len(book.rows) == 1
    assert book.told == []


def seen(*parts: tuple[float, float, State]) -> MonitorUptime:
    intervals = tuple(Interval(at(start), at(end), state) for start, end, state in parts)
    return MonitorUptime(
        monitor="home",
        name="home",
        state=intervals[-1].state if intervals else State.UNKNOWN,
        state_since=None,
        uptime=None,
        low=None,
        high=None,
        observed_share=1.0,
        seconds={},
        intervals=intervals,
        incidents=(),
        blips=(),
        days=(),
    )


def test_after_a_silence_one_fresh_cycle_is_waited_for() -> None:
    silence = (-60, 0, State.UNKNOWN)
    for minutes, speaks in ((0.5, False), (0.9, False), (1.0, True), (5.0, True)):
        after = seen((-600, -60, State.UP), silence, (0, minutes, State.DOWN))
        assert may_speak(after, at(-1440), 60, at(minutes)) is speaks, minutes
    assert not may_speak(seen((-600, -60, State.DOWN), silence), at(-1440), 60, at(0))
    assert not may_speak(seen(), at(-1440), 60, at(0))
    whole = seen((-1440, -1, State.UP), (-1, 0, State.DOWN))
    assert may_speak(whole, at(-1440), 3600, at(0))
    first = seen((-2, 0, State.DOWN))
    assert not may_speak(first, at(-1440), 300, at(0)), "just begun to be watched"


def test_a_change_of_a_row_keeps_how_it_was_first_told() -> None:
    book = Book()
    book.look(outage(0), minute=2)
    book.look(structs.replace(outage(-3, 8), outcome="dns_failure", detail="x"), minute=9)
    (row,) = book.rows.values()
    assert (row.start, row.outcome, row.detail) == (at(0), "wrong_status", "503")
