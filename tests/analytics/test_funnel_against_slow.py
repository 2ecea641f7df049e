"""The funnel against a slow, obvious search for chains, on random sessions."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.question import SiteScope, Step, Window
from analytics.reports.funnel import funnel

START = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(minutes=40))
NOW = START + timedelta(minutes=55)
WITHIN_S = 300
SCOPE = SiteScope(site="shop", levels=("novice", "expert"), sample=1.0)

Event = tuple[int, int, str, str, str]
"""Seconds after START, batch, kind, page or name, level."""

events = st.tuples(
    st.integers(0, 40).map(lambda number: number * 75),
    st.integers(1, 3),
    st.sampled_from(["view", "view", "event", "error"]),
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["", "", "novice", "expert"]),
)
steps = st.lists(
    st.tuples(st.sampled_from(["view", "view", "event"]), st.sampled_from(["a", "b", "c"])),
    min_size=1,
    max_size=4,
)


def slow_depth(session: list[Event], wanted: list[tuple[str, str]]) -> int:
    """The longest chain of steps in strict order of events, none later than the window."""
    for depth in range(len(wanted), 0, -1):
        for chain in combinations(session, depth):
            matches = all(event[2:4] == step for event, step in zip(chain, wanted, strict=False))
            entered = START + timedelta(seconds=chain[0][0]) < WINDOW.end
            if matches and entered and chain[-1][0] - chain[0][0] <= WITHIN_S:
                return depth
    return 0


def is_fresh(session: list[Event], first: tuple[str, str]) -> bool:
    entries = [START + timedelta(seconds=each[0]) for each in session if each[2:4] == first]
    latest = max(entry for entry in entries if entry < WINDOW.end)
    return latest + timedelta(seconds=WITHIN_S) >= NOW


def record(number: int, event: Event) -> dict[str, Any]:
    seconds, batch, kind, what, level = event
    return {
        "session": f"{number:032x}",
        "time": START + timedelta(seconds=seconds),
        "batch": batch,
        "kind": kind,
        "page": what if kind == "view" else "elsewhere",
        "name": what if kind == "event" else None,
        "level": level or None,
    }


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    sessions=st.lists(st.lists(events, min_size=1, max_size=9), min_size=1, max_size=6),
    wanted=steps,
)
def test_the_funnel_counts_what_a_slow_search_counts(
    shared_store: Any, sessions: list[list[Event]], wanted: list[tuple[str, str]]
) -> None:
    shared_store.clear()
    rows: list[dict[str, Any]] = []
    expected: dict[str, list[int]] = {"": [], "novice": [], "expert": [], "undeclared": []}
    in_window = 0
    for number, drawn in enumerate(sessions):
        session = sorted(
            (event[0], (event[1] << 20) + position, *event[2:])
            for position, event in enumerate(drawn)
        )
        rows += [record(number, event) for event in session]
        depth = slow_depth(session, wanted)
        if depth:
            level = next((event[4] for event in session if event[4]), "undeclared")
            expected[""].append(depth)
            expected[level].append(depth)
            in_window += depth < len(wanted) and is_fresh(session, wanted[0])
    shared_store.events(rows)
    report = shared_store.ask(
        lambda snapshot: funnel(
            snapshot,
            SCOPE,
            [Step(page=what) if kind == "view" else Step(event=what) for kind, what in wanted],
            WINDOW,
            convert_within_s=WITHIN_S,
            now=NOW,
        )
    )
    found = {
        segment.level: [step.reached for step in segment.steps]
        for segment in (report.everyone, *report.levels)
    }
    for level, depths in expected.items():
        counts = [sum(depth >= number for depth in depths) for number in range(1, len(wanted) + 1)]
        assert found.get(level, [0] * len(wanted)) == counts
    assert sum(step.still_in_window for step in report.everyone.steps) == in_window
    for step, following in zip(report.everyone.steps, report.everyone.steps[1:], strict=False):
        assert step.reached == following.reached + step.dropped + step.still_in_window
