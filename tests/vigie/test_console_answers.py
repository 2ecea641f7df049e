"""Answers are computed once for all who ask at once, and never served when something newer is."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from store.database import Database
from store.snapshot import Snapshot
from vigie.console.answers import ANSWERS_MAX, FRESH_S, HELPERS, UNCHANGED_S, Answers


class Source:
    """A clock, a data version, and a question that counts how often it was computed."""

    def __init__(self, database: Database) -> None:
        self.now_s = 0.0
        self.version = 1
        self.computed = 0
        self.answers = Answers(database, lambda: self.version, lambda: self.now_s)

    def compute(self, snapshot: Snapshot) -> int:
        self.computed += 1
        return self.computed

    def ask(self, question: str = "q") -> int:
        return self.answers.ask(question, self.compute)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Source]:
    database = Database(tmp_path)
    yield Source(database)
    database.close()


def test_an_answer_stands_while_nothing_was_loaded(source: Source) -> None:
    assert source.ask() == 1
    source.now_s = UNCHANGED_S - 0.1
    assert source.ask() == 1
    source.now_s = UNCHANGED_S
    assert source.ask() == 2, "time alone changes states"


def test_new_data_is_shown_once_the_answer_is_no_longer_fresh(source: Source) -> None:
    source.ask()
    source.version = 2
    source.now_s = FRESH_S - 0.1
    assert source.ask() == 1
    source.now_s = FRESH_S
    assert source.ask() == 2


def test_data_loaded_while_an_answer_is_computed_makes_it_old(source: Source) -> None:
    def compute(snapshot: Snapshot) -> str:
        source.version = 2
        return "of version 1"

    source.answers.ask("q", compute)
    source.now_s = FRESH_S
    assert source.answers.ask("q", lambda snapshot: "of version 2") == "of version 2"


def test_many_who_ask_at_once_are_answered_by_one_computation(source: Source) -> None:
    asked = threading.Barrier(4)

    def ask(_: int) -> int:
        asked.wait()
        return source.ask()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ask, range(4))) == {1}
    assert source.computed == 1


def test_an_error_is_not_kept(source: Source) -> None:
    def fail(snapshot: Snapshot) -> int:
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk"):
        source.answers.ask("q", fail)
    assert source.ask() == 1


def test_answers_are_bounded(source: Source) -> None:
    for number in range(ANSWERS_MAX + 1):
        source.ask(str(number))
    source.ask("0")
    assert source.computed == ANSWERS_MAX + 2, "the first was forgotten"


def test_what_is_asked_for_soon_is_answered_beside_the_caller(source: Source) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def task() -> str:
        begun.set()
        assert go_on.wait(10)
        return threading.current_thread().name

    answer = source.answers.soon(task)
    assert begun.wait(10), "nobody waits for it yet"
    go_on.set()
    assert answer() != threading.current_thread().name


def test_what_no_helper_is_free_for_is_answered_by_the_caller(source: Source) -> None:
    """Helpers that all wait for what they asked for soon themselves do it themselves."""
    all_busy = threading.Barrier(HELPERS)

    def asks_on() -> str:
        all_busy.wait(10)
        return source.answers.soon(lambda: threading.current_thread().name)()

    helped = [source.answers.soon(asks_on) for _ in range(HELPERS)]
    assert all(each() for each in helped)

    go_on = threading.Event()
    busy = [source.answers.soon(lambda: go_on.wait(10)) for _ in range(HELPERS)]
    mine = source.answers.soon(lambda: threading.current_thread().name)
    assert mine() == threading.current_thread().name
    go_on.set()
    assert all(each() for each in busy)


def test_what_fails_beside_the_caller_fails_where_its_answer_is_wanted(source: Source) -> None:
    def task() -> int:
        raise ValueError("no such step")

    answer = source.answers.soon(task)
    assert source.ask() == 1
    with pytest.raises(ValueError, match="no such step"):
        answer()
