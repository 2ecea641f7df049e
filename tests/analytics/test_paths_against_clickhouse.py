"""Paths are ClickHouse's: walks to, from and around a page or an event, their transitions, entry
and exit pages and loops, on random stores and on the generated one, hot and sealed."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.question import SiteScope, Window
from analytics.reports.paths import SESSION_MAX, paths
from analytics.reports.paths_types import Direction, PathsReport, PathStart
from bench.generated_people import LEVELS, SIGNED, STEPS
from bench.generated_rows import SITE
from bench.generated_store import generate
from bench.in_clickhouse import ClickHouse, PathsCounted, write_hot
from store.database import Database
from tests.analytics.conftest import Store
from tests.analytics.test_against_clickhouse import fill
from tests.analytics.test_paths_against_slow import links_of, nodes_of

START = datetime(2026, 3, 10, tzinfo=UTC)
NOW = START + timedelta(hours=12)
TOP = 20
"""More than there are pages, so that none is among others."""
STARTS = st.one_of(
    st.builds(PathStart, direction=st.sampled_from([Direction.AFTER, Direction.BEFORE])),
    st.builds(PathStart, direction=st.sampled_from(Direction), page=st.sampled_from(["/a", "/b"])),
    st.builds(PathStart, direction=st.sampled_from(Direction), event=st.sampled_from(["madea"])),
)


def reach(direction: Direction, steps: int) -> tuple[int, int]:
    half = max(1, (steps - 1) // 2)
    return {
        Direction.AFTER: (0, steps - 1),
        Direction.BEFORE: (steps - 1, 0),
        Direction.AROUND: (half, half),
    }[direction]


def check(report: PathsReport, theirs: PathsCounted, before: int) -> None:
    """Theirs are counted whole; of ours, the most frequent ends and loops."""
    nodes: Counter[tuple[int, str]] = Counter()
    links: Counter[tuple[int, str, str]] = Counter()
    for walk, count in theirs.walks.items():
        for step, what in enumerate(walk, -before):
            nodes[step, what] += count * bool(what)
        for step, (one, other) in enumerate(pairwise(walk), -before):
            links[step, one, other] += count * bool(one and other)
    assert report.sessions == theirs.walks.total()
    assert nodes_of(report) == +nodes
    assert links_of(report) == +links
    assert report.began == theirs.entries.total()
    assert {each.page: each.sessions for each in report.entries} == theirs.entries
    assert {each.page: each.sessions for each in report.exits} == theirs.exits
    loops = {(loop.page, loop.through): loop.sessions for loop in report.loops}
    least = min(loops.values(), default=0)
    assert loops.items() <= theirs.loops.items()
    assert all(loop in loops for loop, count in theirs.loops.items() if count > least)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    start=STARTS,
    steps=st.integers(2, 5),
    edges_s=st.tuples(st.integers(0, 6), st.integers(7, 12)),
)
def test_paths_of_random_sessions_are_the_same(
    shared_store: Store,
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    start: PathStart,
    steps: int,
    edges_s: tuple[int, int],
) -> None:
    fill(shared_store, seed)
    first, last = (START + timedelta(seconds=seconds) for seconds in edges_s)
    scope = SiteScope(site="shop", levels=(), sample=1.0)
    window = Window(first, last)
    report = shared_store.ask(
        lambda snapshot: paths(snapshot, scope, window, start, now=NOW, steps=steps, top=TOP)
    )
    file = write_hot(shared_store.database, "shop", tmp_path_factory.mktemp("rows") / "hot.parquet")
    before, after = reach(start.direction, steps)
    read = Window(first - SESSION_MAX, last + SESSION_MAX)
    check(report, ClickHouse(str(file)).paths(start, before, after, window, read), before)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, ClickHouse]]:
    folder = tmp_path_factory.mktemp("generated")
    generate(folder, 40_000, now=NOW, days=4, hot_days=2)
    database = Database(folder)
    hot = write_hot(database, SITE, folder / "hot.parquet")
    yield database, ClickHouse.of_store(folder, SITE, hot)
    database.close()


@pytest.mark.parametrize(
    "start",
    [
        PathStart(direction=Direction.AFTER),
        PathStart(direction=Direction.BEFORE),
        PathStart(direction=Direction.AFTER, page=STEPS[0]),
        PathStart(direction=Direction.BEFORE, event=SIGNED),
        PathStart(direction=Direction.AROUND, page=STEPS[1]),
    ],
)
def test_paths_of_the_generated_store_are_the_same(
    generated: tuple[Database, ClickHouse], start: PathStart
) -> None:
    database, clickhouse = generated
    scope = SiteScope(site=SITE, levels=LEVELS)
    window = Window(START - timedelta(days=3, hours=5), START - timedelta(hours=3))
    with database.snapshot() as snapshot:
        report = paths(snapshot, scope, window, start, now=NOW, top=TOP, sample=1.0)
    before, after = reach(start.direction, 5)
    read = Window(window.start - SESSION_MAX, window.end + SESSION_MAX)
    check(report, clickhouse.paths(start, before, after, window, read), before)
