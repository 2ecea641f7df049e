"""Funnels, counts and quantiles are those of ClickHouse's engine (chdb).

On random stores and on the generated one. An event of ours follows another by time and then by its
place, so that no two are at once: told so, windowFunnel's default and `strict_increase` agree. The
same step twice is left out: there it lets an event that could be the second begin anew instead.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import chdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.question import SiteScope, Step, Window
from analytics.reports.funnel import funnel
from analytics.reports.seen import seen
from analytics.reports.speed import speed
from analytics.reports.types import FunnelReport
from bench.generated_people import LEVELS, SIGNED, STEPS
from bench.generated_rows import SITE
from bench.generated_store import generate
from bench.in_clickhouse import ClickHouse
from store.database import Database
from tests.analytics.conftest import Store

START = datetime(2026, 3, 10, tzinfo=UTC)
NOW = START + timedelta(hours=12)
WINDOW = Window(START, START + timedelta(hours=1))
SCOPE = SiteScope(site="shop", levels=(), sample=1.0)
SESSIONS = 45
PAGES = ("/a", "/b", "/c")
SOME_US = 500_000
"""Events of one second follow one another by their place: told to ClickHouse as microseconds, of
which the window allows as many more."""


def fill(store: Store, seed: int) -> None:
    """Sessions of a few events in few seconds, so that many fall together and windows matter."""
    random = np.random.default_rng(seed)
    store.clear()
    rows = []
    for number in range(SESSIONS):
        for place in range(int(random.integers(1, 9))):
            page = str(random.choice(PAGES))
            row = {
                "session": f"{number:032x}",
                "time": START + timedelta(seconds=int(random.integers(0, 12))),
                "position": place,
                "page": page,
            }
            kind = random.choice(["view", "view", "event", "vitals"])
            more: dict[str, dict[str, Any]] = {
                "event": {"kind": "event", "name": f"made{page[1:]}"},
                "vitals": {"kind": "vitals", "lcp_ms": float(random.integers(1, 5000))},
            }
            rows.append({**row, **more.get(str(kind), {})})
    store.events(rows)


def asked(store: Store, folder: Path, query: str) -> list[list[str]]:
    """Of ClickHouse, over the same rows."""
    file = folder / "events.parquet"
    store.database.cursor().execute(
        "COPY (SELECT session::VARCHAR AS session, epoch_us(time) + position AS at, kind, page,"
        f" name, lcp_ms FROM events) TO '{file}' (FORMAT parquet)"
    )
    text = chdb.query(query.format(events=f"file('{file}', Parquet)"), "TabSeparated")  # type: ignore[no-untyped-call]
    return [line.split("\t") for line in str(text).splitlines()]


def ours(store: Store, steps: list[Step], window_s: int) -> FunnelReport:
    return store.ask(
        lambda snapshot: funnel(
            snapshot, SCOPE, steps, WINDOW, convert_within_s=window_s, now=NOW, sample=1.0
        )
    )


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    steps=st.permutations([*PAGES, "event"]).map(lambda steps: steps[:3]),
    window_s=st.integers(1, 12),
    mode=st.sampled_from(["", ", 'strict_increase'"]),
)
def test_a_funnel_of_different_steps_is_windowfunnel_s(
    shared_store: Store,
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    steps: list[str],
    window_s: int,
    mode: str,
) -> None:
    fill(shared_store, seed)
    conditions = [
        "kind = 'event' AND name = 'madea'"
        if step == "event"
        else f"kind = 'view' AND page = '{step}'"
        for step in steps
    ]
    rows = asked(
        shared_store,
        tmp_path_factory.mktemp("rows"),
        "SELECT depth, count() FROM (SELECT"
        f" windowFunnel({window_s * 1_000_000 + SOME_US}{mode})"
        f"(toUInt64(at), {', '.join(conditions)})"
        " AS depth FROM {events} GROUP BY session) GROUP BY depth",
    )
    depths = {int(depth): int(count) for depth, count in rows}
    report = ours(
        shared_store,
        [Step(event="madea") if step == "event" else Step(page=step) for step in steps],
        window_s,
    )
    assert [step.reached for step in report.everyone.steps] == [
        sum(count for depth, count in depths.items() if depth >= number) for number in (1, 2, 3)
    ]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_counts_and_quantiles_are_the_same(
    shared_store: Store, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    fill(shared_store, seed)
    rows = asked(
        shared_store,
        tmp_path_factory.mktemp("rows"),
        "SELECT page, countIf(kind = 'view'), uniqExactIf(session, kind = 'view'),"
        " quantileExactWeightedIf(0.75)(lcp_ms, 1, kind = 'vitals') FROM {events}"
        " GROUP BY page HAVING countIf(kind = 'view') > 0",
    )
    counted = {page: (int(views), int(sessions)) for page, views, sessions, _ in rows}
    found = shared_store.ask(lambda snapshot: seen(snapshot, SCOPE, WINDOW))
    assert {row.name: (row.count, row.sessions) for row in found.pages} == counted
    slow = {page: p75 for page, *_, p75 in rows}
    report = shared_store.ask(lambda snapshot: speed(snapshot, SCOPE, WINDOW, now=NOW, sample=1.0))
    for row in report.rows:
        if row.vital == "lcp" and row.p75.value is not None:
            assert row.p75.value == float(slow[row.page])


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, ClickHouse]]:
    folder = tmp_path_factory.mktemp("generated")
    generate(folder, 60_000, now=NOW, days=6, hot_days=0)
    database = Database(folder)
    yield database, ClickHouse.of_store(folder, SITE)
    database.close()


def test_the_generated_store_answers_as_clickhouse_does(
    generated: tuple[Database, ClickHouse],
) -> None:
    database, clickhouse = generated
    scope = SiteScope(site=SITE, levels=LEVELS)
    window = Window(START - timedelta(days=6), START)
    steps = [*(Step(page=page) for page in STEPS), Step(event=SIGNED)]
    with database.snapshot() as snapshot:
        report = funnel(snapshot, scope, steps, window, convert_within_s=600, now=NOW, sample=1.0)
        vitals = speed(snapshot, scope, window, now=NOW, sample=1.0)
    depths = clickhouse.funnel(600, window)
    for level in report.levels:
        assert [step.reached for step in level.steps] == [
            sum(n for (name, depth), n in depths.items() if name == level.level and depth >= number)
            for number in range(1, len(steps) + 1)
        ]
    p75 = clickhouse.p75(inverse=True)
    compared = 0
    for row in vitals.rows:
        if row.vital == "lcp" and row.level and not row.device and row.p75.value is not None:
            assert row.p75.value == pytest.approx(p75[row.page, row.level])
            compared += 1
    assert compared > 20
