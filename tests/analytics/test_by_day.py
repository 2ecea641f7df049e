"""Reports over closed days say from what is kept of these what they say from their rows."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from analytics import by_day
from analytics.error_reading import Choice
from analytics.question import JourneyQuestion, SiteScope, Step, Window
from analytics.reports.clicks import clicks
from analytics.reports.conversion_speed import conversion_speed
from analytics.reports.errors import errors
from analytics.reports.funnel import funnel
from analytics.reports.funnel_listed import Bar, Outcome, funnel_sessions
from analytics.reports.funnel_why import funnel_why
from analytics.reports.journey import journey
from analytics.reports.paths import paths
from analytics.reports.paths_types import PathStart
from analytics.reports.perceived import perceived
from analytics.reports.perceived_types import PerceivedQuestion
from analytics.reports.seen import seen
from analytics.reports.speed import speed
from analytics.reports.vital import vital
from bench.generated_people import LEVELS, SIGNED, STEPS
from bench.generated_rows import SITE
from bench.generated_store import generate
from store.database import Database
from store.day_answers import ANSWERS_FOLDER, DayAnswers
from store.retention import RetentionLimits, retire
from store.snapshot import Snapshot
from store.tombstones import Subject
from tests.support.erasing import eraser_of, finished

NOW = datetime(2026, 3, 11, 9, 30, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(days=7), NOW)
SCOPE = SiteScope(site=SITE, levels=LEVELS, sample=0.2)
FUNNEL = (*(Step(page=page) for page in STEPS), Step(event=SIGNED))
LATER = 10
"""The hour from which on what the first day of the window said is kept."""
SURE = 1_000
PLACES = 4
"""Decimals to which sums in another order are the same."""
NUDGE = 1e-9
"""So that what lies half-way is rounded one way."""


def _funnel(snapshot: Snapshot, sample: float, *, window: Window = WINDOW, **options: Any) -> Any:
    return funnel(
        snapshot, SCOPE, FUNNEL, window, convert_within_s=3600.0, now=NOW, sample=sample, **options
    )


def _listed(snapshot: Snapshot, sample: float, bar: Bar, after: int = 0) -> Any:
    return funnel_sessions(
        snapshot,
        SCOPE,
        FUNNEL,
        WINDOW,
        bar,
        convert_within_s=3600.0,
        now=NOW,
        sample=sample,
        after=after,
    )


def _perceived(snapshot: Snapshot, sample: float) -> Any:
    question = PerceivedQuestion(scope=SCOPE, name="The shop", monitors=())
    return perceived(snapshot, question, WINDOW, NOW, sample=sample)


def _journey(snapshot: Snapshot, sample: float) -> Any:
    question = JourneyQuestion(
        id="mandate",
        name="Sign a mandate",
        owner="",
        scope=msgspec.structs.replace(SCOPE, sample=sample),
        steps=FUNNEL,
        event=SIGNED,
        monitors=(),
        window_s=3600.0,
    )
    return journey(snapshot, question, WINDOW, NOW)


QUESTIONS: dict[str, Callable[..., Any]] = {
    "funnel": _funnel,
    "funnel in parts": lambda s, sample: _funnel(s, sample, by=("quality", "device")),
    "why": lambda s, sample: funnel_why(
        s, SCOPE, FUNNEL, WINDOW, convert_within_s=3600.0, now=NOW, sample=sample
    ),
    "behind a bar": lambda s, sample: _listed(s, sample, Bar(step=2), after=20),
    "behind a bar of a part": lambda s, sample: _listed(
        s,
        sample,
        Bar(
            step=1,
            outcome=Outcome.WENT_ON,
            by=("level", "quality"),
            parts=(LEVELS[0], "good"),
        ),
    ),
    "journey": _journey,
    "perceived": _perceived,
    "seen": lambda s, sample: seen(s, msgspec.structs.replace(SCOPE, sample=sample), WINDOW),
    "errors": lambda s, _: errors(s, SCOPE, WINDOW, Choice(), now=NOW),
    "clicks": lambda s, sample: clicks(s, SCOPE, WINDOW, now=NOW, sample=sample),
    "clicks of a page": lambda s, sample: clicks(
        s, SCOPE, WINDOW, now=NOW, page=STEPS[0], device="desktop", sample=sample
    ),
    "vital": lambda s, sample: vital(
        s, SCOPE, WINDOW, "lcp", now=NOW, page=STEPS[0], level=LEVELS[0], sample=sample
    ),
    "speed against conversion": lambda s, sample: conversion_speed(
        s, SCOPE, WINDOW, SIGNED, now=NOW, sample=sample
    ),
    "paths": lambda s, sample: paths(
        s, SCOPE, WINDOW, PathStart(page=STEPS[0]), now=NOW, sample=sample
    ),
}


@pytest.fixture(scope="module", params=[1.0, 0.5], ids=["all kept", "half kept"])
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("by-day")
    generate(folder, 90_000, now=NOW, days=9, keep=request.param, seed=4)
    database = Database(folder)
    yield database
    database.close()


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Days as small as these are kept too."""
    monkeypatch.setattr(by_day, "DAY_ROWS_MIN", 1)


def ask(database: Database, question: Any, sample: float, *, preparing: bool = False) -> Any:
    with database.snapshot() as snapshot:
        snapshot.preparing = preparing
        return question(snapshot, sample)


def ask_for_all(
    database: Database, question: Callable[[Snapshot, float], Any], sample: float
) -> Any:
    """Once for what days say, and once more for the nights between them."""
    ask(database, question, sample)
    return ask(database, question, sample)


def rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value + NUDGE, PLACES)
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    return [rounded(each) for each in value] if isinstance(value, list | tuple) else value


def plain(report: Any) -> Any:
    return rounded(msgspec.to_builtins(report, enc_hook=lambda value: value.item()))


def kept_rows(path: Path) -> list[str]:
    with pa.memory_map(str(path)) as file:
        return sorted(str(row) for row in pa.ipc.open_file(file).read_all().to_pylist())


def _unreadable(*_: Any) -> None:
    raise PermissionError("not to be read")


def later(database: Database) -> set[Path]:
    """What is kept of the later hours of the window's first day."""
    return {path for path in answers(database) if f"since-{LATER}-" in path.name}


def answers(database: Database) -> set[Path]:
    return set((database.folder / ANSWERS_FOLDER).rglob("*.arrow"))


@pytest.mark.parametrize("sample", [0.2, 1.0])
@pytest.mark.parametrize(
    "name",
    [
        "funnel",
        "why",
        "behind a bar of a part",
        "clicks of a page",
        "vital",
        "speed against conversion",
    ],
)
def test_days_read_at_once_keep_what_each_says_alone(
    store: Database, name: str, sample: float, kept: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = store.cursor().execute("SELECT max(rows) * 4 FROM sealed_files").fetchone()
    assert some
    of_rows = {}
    for rows in (1, some[0], by_day.ROWS_AT_ONCE):
        shutil.rmtree(store.folder / ANSWERS_FOLDER, ignore_errors=True)
        monkeypatch.setattr(by_day, "ROWS_AT_ONCE", rows)
        ask_for_all(store, QUESTIONS[name], sample)
        of_rows[rows] = {path: kept_rows(path) for path in answers(store)}
    alone, *at_once = of_rows.values()
    assert sum(map(len, alone.values())) > 200
    for each in at_once:
        assert each == alone


@pytest.mark.parametrize("sample", [0.2, 1.0])
@pytest.mark.parametrize("name", QUESTIONS)
def test_kept_days_say_what_their_rows_say(
    store: Database, name: str, sample: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(store.folder / ANSWERS_FOLDER, ignore_errors=True)
    wanted = plain(ask(store, QUESTIONS[name], sample))
    monkeypatch.setattr(by_day, "DAY_ROWS_MIN", 1)
    first, again = (plain(ask(store, QUESTIONS[name], sample)) for _ in range(2))
    assert first == wanted
    assert again == wanted
    prepared = plain(ask(store, QUESTIONS[name], sample, preparing=True))
    assert prepared == wanted
    assert plain(ask(store, QUESTIONS[name], sample)) == wanted
    assert answers(store)
    assert bool(later(store)) is (name != "errors"), "the later hours of the window's first day"


def test_later_hours_are_kept_by_whoever_asks_once_the_sessions_before_them_are_told(
    store: Database, kept: None
) -> None:
    shutil.rmtree(store.folder / ANSWERS_FOLDER, ignore_errors=True)
    wanted = plain(ask(store, QUESTIONS["vital"], 1.0))
    assert not later(store)
    ask(store, QUESTIONS["funnel"], 1.0, preparing=True)
    prepared = later(store)
    for _ in range(2):
        assert plain(ask(store, QUESTIONS["vital"], 1.0)) == wanted
        assert later(store) > prepared


def test_an_answer_that_cannot_be_read_is_said_and_holds_up_no_later_question(
    store: Database, kept: None
) -> None:
    wanted = plain(ask_for_all(store, QUESTIONS["paths"], 1.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DayAnswers, "get", _unreadable)
        with pytest.raises(PermissionError):
            ask(store, QUESTIONS["paths"], 1.0)
    assert plain(ask(store, QUESTIONS["paths"], 1.0)) == wanted


def test_all_bars_of_a_funnel_are_of_what_one_was_told(store: Database, kept: None) -> None:
    shutil.rmtree(store.folder / ANSWERS_FOLDER, ignore_errors=True)
    first = ask_for_all(store, QUESTIONS["behind a bar"], 1.0)
    assert len(first.rows) == 50
    made = answers(store)
    for bar in (
        Bar(step=1, outcome=Outcome.REACHED),
        Bar(step=2, recorded=True),
        Bar(step=3, outcome=Outcome.WENT_ON, by=("level",), parts=(LEVELS[1],)),
    ):
        ask(store, partial(_listed, bar=bar), 1.0)
    assert answers(store) == made


@pytest.mark.parametrize("page", [None, STEPS[0]])
@pytest.mark.parametrize("sample", [0.2, 1.0])
def test_kept_days_know_vitals_to_two_percent_and_their_shares_exactly(
    store: Database, sample: float, page: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(snapshot: Snapshot, rate: float) -> Any:
        return speed(snapshot, SCOPE, WINDOW, now=NOW, sample=rate, page=page, by_device=True)

    wanted = ask(store, asked, sample)
    monkeypatch.setattr(by_day, "DAY_ROWS_MIN", 1)
    found = ask(store, asked, sample)
    assert [plain(each) for each in found.worst] == [plain(each) for each in wanted.worst]
    for one, other in zip(found.rows, wanted.rows, strict=True):
        assert (one.page, one.level, one.device, one.vital) == (
            *(other.page, other.level, other.device, other.vital),
        )
        assert (one.views, rounded(one.good), rounded(one.poor)) == (
            *(other.views, rounded(other.good), rounded(other.poor)),
        )
        assert one.p75.withheld == other.p75.withheld
        if one.p75.value is not None:
            assert one.p75.value == pytest.approx(other.p75.value, rel=0.0201, abs=1e-4)
        if one.views > SURE:  # of fewer, the next value is further off
            for end in ("low", "high"):
                assert getattr(one.p75, end) == pytest.approx(getattr(other.p75, end), rel=0.05)


def test_an_erased_session_is_in_no_answer_any_more(tmp_path: Path, kept: None) -> None:
    generate(tmp_path / "store", 30_000, now=NOW, days=14, seed=5)
    database = Database(tmp_path / "store")
    asked = partial(_funnel, window=Window(NOW - timedelta(days=12), NOW))
    before, made = ask_for_all(database, asked, 1.0), answers(database)
    erased = (NOW - timedelta(days=9)).date()
    session = _one_of(database, erased)
    eraser = eraser_of(database, tmp_path)
    finished(eraser, eraser.ask(SITE, Subject.SESSION, session, NOW))
    gone = {path.parent.name for path in made - answers(database)}
    # The days next to it, and the night before those.
    assert gone == {f"day={erased + timedelta(days=days)}" for days in (-2, -1, 0, 1)}
    after = ask(database, asked, 1.0)
    assert after.everyone.steps[0].reached == before.everyone.steps[0].reached - 1
    database.close()


def test_answers_go_with_their_day(tmp_path: Path, kept: None) -> None:
    generate(tmp_path, 30_000, now=NOW, days=14, seed=6)
    database = Database(tmp_path)
    asked = partial(_funnel, window=Window(NOW - timedelta(days=12), NOW))
    ask(database, asked, 1.0)
    days = {path.parent.name for path in answers(database)}
    retire(database, NOW, RetentionLimits(retention_days=7))
    # That of the first day left knew which sessions lie in the one before.
    first = f"day={(NOW - timedelta(days=7)).date()}"
    files = (database.folder / ANSWERS_FOLDER).rglob("*.*")
    left = {path.parent.name for path in files if path.is_file()}
    assert left == {day for day in days if day > first}
    assert left
    database.close()


def test_what_was_torn_is_read_anew(tmp_path: Path, kept: None) -> None:
    generate(tmp_path, 20_000, now=NOW, days=9, seed=7)
    database = Database(tmp_path)
    wanted = plain(ask(database, _funnel, 1.0))
    for path in answers(database):
        path.write_bytes(path.read_bytes()[:40])
    assert plain(ask(database, _funnel, 1.0)) == wanted
    database.close()


def _one_of(database: Database, day: date) -> str:
    ((session,),) = (
        database.cursor()
        .execute(
            "SELECT session::VARCHAR FROM events_in($files) WHERE day = $day AND page = $page"
            " AND hour(time) BETWEEN 9 AND 15 ORDER BY session LIMIT 1",
            {
                "files": [str(path) for path in database.sealed.glob("detail/*/*/*.parquet")],
                "day": day,
                "page": STEPS[0],
            },
        )
        .fetchall()
    )
    return str(session).replace("-", "")
