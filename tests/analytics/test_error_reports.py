"""Errors by group: hot and sealed the figures of a slow count, and honest estimates of before."""

import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analytics.error_reading import Choice
from analytics.question import SiteScope, Window
from analytics.reports.error import error
from analytics.reports.error_types import ErrorReport, ErrorsReport, total
from analytics.reports.errors import errors
from store.sealing import SealPolicy, seal_day

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=5)
WINDOW = Window(START, NOW)
SCOPE = SiteScope(site="shop", levels=("novice", "expert"), sample=0.2)
NAMES = ("A", "B", "C")


def met(seed: int) -> list[dict[str, Any]]:
    """Sessions within a day each, that meet some errors, some of them more than once."""
    chance = random.Random(seed)
    rows = []
    for _ in range(150):
        at = START + timedelta(days=chance.randrange(5), hours=chance.randrange(20))
        session: dict[str, Any] = {
            "session": f"{chance.getrandbits(128):032x}",
            "level": chance.choice(("novice", "expert", None)),
            "release": chance.choice(("1", "2")),
            "browser": chance.choice(("Firefox", "Chrome")),
            "bot": chance.random() < 0.1,
        }
        rows.append({**session, "time": at, "kind": "view"})
        for number in range(chance.randrange(4)):
            name = chance.choice(NAMES)
            rows.append(
                {
                    **session,
                    "time": at + timedelta(minutes=number),
                    "kind": "error",
                    "position": number + 1,
                    "name": name,
                    "message": f"{chance.randrange(99)} is wrong",
                    "stack": f"at run (https://x.test/{name}.js:1:{chance.randrange(999)})",
                    "page": chance.choice(("/a", "/b")),
                }
            )
    return rows


def slow(rows: list[dict[str, Any]], **chosen: str) -> dict[str, tuple[int, int]]:
    """Errors and sessions by name, one by one."""
    count: Counter[str] = Counter()
    sessions: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        level = row["level"] or "undeclared"
        seen = {**row, "level": level}
        if row["kind"] == "error" and not row["bot"] and chosen.items() <= seen.items():
            count[row["name"]] += 1
            sessions[row["name"]].add(row["session"])
    return {name: (count[name], len(sessions[name])) for name in count}


def ask(store: Any, **chosen: str) -> ErrorsReport:
    report = store.ask(lambda snap: errors(snap, SCOPE, WINDOW, Choice(**chosen), now=NOW))
    assert isinstance(report, ErrorsReport)
    return report


def figures(report: ErrorsReport) -> dict[str, tuple[float, float]]:
    return {row.name: (row.errors.value, row.sessions.value) for row in report.rows}


def named(store: Any) -> None:
    """What the job notices, without which groups have no texts once they are sealed."""
    store.insert(
        "error_groups",
        [
            {
                "site": "shop", "fingerprint": row.fingerprint, "name": row.name,
                "message": row.message, "culprit": row.culprit, "page": row.page,
                "first_seen": row.first_seen, "last_seen": row.last_seen,
                "first_release": row.first_release, "last_release": row.last_release,
                "generated": False,
            }
            for row in ask(store).rows
        ],
    )  # fmt: skip


def test_a_window_up_to_midnight_does_not_count_the_next_day(store: Any) -> None:
    rows = met(1)
    store.events(rows)
    window = Window(START, START + timedelta(days=2))
    report = store.ask(lambda snap: errors(snap, SCOPE, window, Choice(), now=NOW))
    assert figures(report) == slow([row for row in rows if row["time"] < window.end])


@pytest.mark.parametrize("seed", range(4))
def test_hot_and_sealed_days_give_what_a_slow_count_gives(store: Any, seed: int) -> None:
    rows = met(seed)
    store.events(rows)
    choices: list[dict[str, str]] = [
        {},
        {"level": "novice"},
        {"level": "undeclared", "page": "/a"},
        {"page": "/b"},
        {"release": "2"},
    ]
    hot = [figures(ask(store, **chosen)) for chosen in choices]
    assert hot == [slow(rows, **chosen) for chosen in choices]
    named(store)
    for day in range(4):
        at = (START + timedelta(days=day)).date()
        seal_day(store.database, SealPolicy(site="shop", sample=0.2, keep=0.2), at, NOW)
    assert [figures(ask(store, **chosen)) for chosen in choices] == hot
    assert all(row.errors.exact for row in ask(store).rows)


def test_the_days_of_a_group_add_up_to_it(store: Any) -> None:
    store.events(met(9))
    for row in ask(store).rows:
        assert sum(row.days) == row.errors.value
        assert sum(part.errors.value for part in row.levels) == row.errors.value
        found = store.ask(
            lambda snap, row=row: error(snap, SCOPE, WINDOW, row.fingerprint, now=NOW)
        )
        assert isinstance(found, ErrorReport)
        for by in ("level", "release", "browser", "page"):
            parts = [part for part in found.parts if part.by == by]
            assert sum(part.errors.value for part in parts) == row.errors.value, by


def test_a_share_is_of_the_level_s_sessions(store: Any) -> None:
    at = START + timedelta(days=1)
    for number in range(10):
        session: dict[str, Any] = {"session": f"{number:032x}", "level": "novice", "time": at}
        rows: list[dict[str, Any]] = [{**session, "kind": "view"}]
        if number < 3:
            rows.append({**session, "kind": "error", "name": "A", "position": 1})
        store.events(rows)
    (row,) = ask(store).rows
    assert row.share == pytest.approx(0.3)
    (part,) = row.levels
    assert part.value == "novice"
    assert part.share == pytest.approx(0.3)


def test_nothing_gives_an_empty_report(store: Any) -> None:
    report = ask(store)
    assert (report.rows, report.groups, sum(report.states.values())) == ((), 0, 0)
    assert store.ask(lambda snap: error(snap, SCOPE, WINDOW, "0" * 16, now=NOW)) is None


def test_estimates_of_days_sealed_before_hold_the_truth_as_often_as_they_say() -> None:
    """1,000 samples of 20 % of 600 sessions that met an error 1 to 5 times."""
    generator = np.random.default_rng(7)
    times = generator.integers(1, 6, 600).astype(np.float64)
    held = 0
    for _ in range(1000):
        kept = times[generator.random(600) < 0.2]
        found = total(float(kept.sum() * 5), float((5 * 4 * kept**2).sum()))
        held += found.low <= times.sum() <= found.high
    assert 930 <= held <= 970
