"""Paths against a slow, obvious second reading, on random sessions; and what must hold of any."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.question import SiteScope, Window
from analytics.reports.paths import paths
from analytics.reports.paths_types import Direction, PathsReport, PathStart, label

START = datetime(2026, 3, 1, 22, tzinfo=UTC)
"""Two hours before midnight, so that some sessions cross it."""
WINDOW = Window(START, START + timedelta(hours=3))
NOW = START + timedelta(hours=4)
SCOPE = SiteScope(site="shop", levels=("novice", "expert"), sample=1.0)
PAGES = ["/a", "/b", "/c", "/d"]

Event = tuple[int, str, str, str]
"""Minutes after START (negative: before it), kind, page or name, level."""

EVENTS = st.tuples(
    st.integers(-30, 239),
    st.sampled_from(["view", "view", "view", "event", "error"]),
    st.sampled_from(PAGES),
    st.sampled_from(["", "", "novice", "expert"]),
)
STARTS = st.one_of(
    st.builds(PathStart, direction=st.sampled_from([Direction.AFTER, Direction.BEFORE])),
    st.builds(PathStart, direction=st.sampled_from(Direction), page=st.sampled_from(PAGES)),
    st.builds(PathStart, direction=st.sampled_from(Direction), event=st.sampled_from(PAGES[:2])),
)


def minute(event: Event) -> datetime:
    return START + timedelta(minutes=event[0])


def sequence(session: list[Event], event: str) -> list[tuple[str, datetime]]:
    """What was seen, in order, repeats collapsed; the event among it as "!name"."""
    found: list[tuple[str, datetime]] = []
    for each in session:
        if each[1] == "view":
            what = each[2]
        elif each[1] == "event" and each[2] == event:
            what = f"!{event}"
        else:
            continue
        if not found or found[-1][0] != what:
            found.append((what, minute(each)))
    return found


def is_open(session: list[Event]) -> bool:
    return max(map(minute, session)) >= NOW - timedelta(minutes=15)


def slow_walk(session: list[Event], start: PathStart, reach: tuple[int, int]) -> dict[int, str]:
    """What the session was at, by step; empty when it never came to the start."""
    seen = sequence(session, start.event)
    wanted = f"!{start.event}" if start.event else start.page
    inside = [WINDOW.start <= time < WINDOW.end for _, time in seen]
    place = None
    if wanted:
        first = next((at for at, (what, _) in enumerate(seen) if what == wanted), None)
        place = first if first is not None and inside[first] else None
    elif seen and start.direction is Direction.AFTER:
        place = 0 if inside[0] else None
    elif seen and not is_open(session):
        place = len(seen) - 1 if inside[-1] else None
    if place is None:
        return {}
    walk = {}
    for step in range(-reach[0], reach[1] + 1):
        at = place + step
        if at == -1:
            walk[step] = "Entry"
        elif at == len(seen):
            walk[step] = "Still there" if is_open(session) else "Exit"
        elif 0 <= at < len(seen):
            walk[step] = seen[at][0]
    return walk


def with_other(walks: list[dict[int, str]], top: int) -> list[dict[int, str]]:
    for step in {step for walk in walks for step in walk}:
        counts = Counter(walk[step] for walk in walks if walk.get(step, "").startswith("/"))
        kept = sorted(counts, key=lambda page: (-counts[page], page))[:top]
        for walk in walks:
            if walk.get(step, "").startswith("/") and walk[step] not in kept:
                walk[step] = "Other"
    return walks


def slow_loops(sessions: list[list[Event]]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for session in sessions:
        seen = [what for what, _ in sequence(session, "")]
        loops = {
            (one, other)
            for one, other, back in zip(seen, seen[1:], seen[2:], strict=False)
            if one == back
        }
        found.update(loops)
    return found


def record(number: int, place: int, event: Event) -> dict[str, Any]:
    _, kind, what, level = event
    return {
        "session": f"{number:032x}",
        "time": minute(event),
        "batch": (1 << 20) + place,
        "kind": kind,
        "page": what if kind == "view" else "/elsewhere",
        "name": what if kind == "event" else None,
        "level": level or None,
    }


def name(node: Any) -> str:
    return f"!{node.name}" if node.kind == "event" else label(node)


def nodes_of(report: PathsReport) -> dict[tuple[int, str], int]:
    return {(node.step, name(node)): node.sessions for node in report.nodes}


def links_of(report: PathsReport) -> dict[tuple[int, str, str], int]:
    return {
        (link.step, name(report.nodes[link.source]), name(report.nodes[link.target])): link.sessions
        for link in report.links
    }


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    drawn=st.lists(st.lists(EVENTS, min_size=1, max_size=9), min_size=1, max_size=8),
    start=STARTS,
    steps=st.integers(2, 5),
    top=st.integers(1, 4),
    level=st.sampled_from(["", "", "novice", "undeclared"]),
)
def test_paths_count_what_a_slow_reading_counts(
    shared_store: Any,
    drawn: list[list[Event]],
    start: PathStart,
    steps: int,
    top: int,
    level: str,
) -> None:
    sessions = [sorted(session, key=lambda event: event[0]) for session in drawn]
    shared_store.clear()
    shared_store.events(
        [
            record(number, place, event)
            for number, session in enumerate(sessions)
            for place, event in enumerate(session)
        ]
    )
    report = shared_store.ask(
        lambda snapshot: paths(
            snapshot, SCOPE, WINDOW, start, now=NOW, steps=steps, top=top, level=level
        )
    )
    half = max(1, (steps - 1) // 2)
    reach = {
        Direction.AFTER: (0, steps - 1),
        Direction.BEFORE: (steps - 1, 0),
        Direction.AROUND: (half, half),
    }[start.direction]
    kept = [
        session
        for session in sessions
        if not level or next((event[3] for event in session if event[3]), "undeclared") == level
    ]
    walks = [walk for session in kept if (walk := slow_walk(session, start, reach))]
    assert report.sessions == len(walks)
    with_other(walks, top)
    assert nodes_of(report) == Counter((step, walk[step]) for walk in walks for step in walk)
    assert links_of(report) == Counter(
        (step, walk[step], walk[step + 1]) for walk in walks for step in walk if step + 1 in walk
    )
    began = [
        session
        for session in kept
        if (seen := sequence(session, "")) and WINDOW.start <= seen[0][1] < WINDOW.end
    ]
    assert report.began == len(began)
    assert {each.page: each.sessions for each in report.entries} == Counter(
        sequence(session, "")[0][0] for session in began
    )
    assert {each.page: each.sessions for each in report.exits} == Counter(
        sequence(session, "")[-1][0] for session in began if not is_open(session)
    )
    assert {(loop.page, loop.through): loop.sessions for loop in report.loops} == slow_loops(began)
    check_sums(report)


def check_sums(report: PathsReport) -> None:
    """Each step's nodes hold every session that came to it once; links add up to their ends."""
    if not report.nodes:
        return
    assert sum(node.sessions for node in report.at(0)) == report.sessions
    ends = {"entry", "exit", "open"}
    for step in report.steps:
        whole = sum(node.sessions for node in report.at(step))
        going_on = sum(node.sessions for node in report.at(step) if node.kind not in ends)
        outer = step + 1 if step >= 0 else step - 1
        if outer in report.steps:
            assert sum(node.sessions for node in report.at(outer)) == going_on
        assert whole <= report.sessions
    for place, node in enumerate(report.nodes):
        into = sum(link.sessions for link in report.links if link.target == place)
        out_of = sum(link.sessions for link in report.links if link.source == place)
        if node.step > 0:
            assert into == node.sessions
        if node.step < 0:
            assert out_of == node.sessions
        if node.kind in ends:
            assert not (into and out_of)
