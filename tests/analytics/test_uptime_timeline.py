"""The uptime report against a slow, obvious second reading of numbers.md, on random results."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.question import Window
from analytics.reports.types import Interval, MonitorUptime, State
from analytics.reports.uptime import uptime

START = datetime(2026, 3, 1, tzinfo=UTC)
INTERVAL_S, TIMEOUT_S = 60, 10
GRACE_S = 2 * INTERVAL_S + TIMEOUT_S
STATE_OF = {"good": State.UP, "degraded": State.DEGRADED}

Result = tuple[int, str]
"""Due, in seconds after START, and verdict."""
Pause = tuple[int, int]

gaps = st.sampled_from([60, 60, 60, 60, 61, 120, 129, 130, 131, 190, 600])
verdicts = st.sampled_from(["good", "good", "bad", "bad", "degraded", "unknown"])


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Result], list[Pause], int]:
    due, results = 0, []
    for gap, verdict in draw(st.lists(st.tuples(gaps, verdicts), min_size=1, max_size=25)):
        results.append((due, verdict))
        due += gap
    pauses = []
    if draw(st.integers(0, 3)) == 0:
        pauses.append(tuple(sorted(draw(st.tuples(*[st.integers(1, due + 300)] * 2)))))
    end = results[-1][0] + draw(st.integers(1, 400))
    return results, [pause for pause in pauses if pause[0] < pause[1]], end


def slow_state(
    results: list[Result], pauses: list[Pause], end: int, needed: tuple[int, int], moment: int
) -> State:
    """The state at one instant, looked up result by result."""
    told = [result for result in results if result[1] != "unknown"]
    at = max(i for i, (due, _) in enumerate(told) if due <= moment)
    due = told[at][0]
    until = told[at + 1][0] if at + 1 < len(told) else end
    if any(pause <= moment < resume for pause, resume in pauses):
        return State.PAUSED
    if until - due > GRACE_S:
        for pause, resume in pauses:
            if resume > due and pause < until:
                if moment >= resume:
                    return State.UNKNOWN if until - resume > GRACE_S else State.PAUSED
                until = pause
        if until - due > GRACE_S and moment >= due + INTERVAL_S:
            return State.UNKNOWN
    return slow_verdict(told, end, needed, at)


def slow_verdict(told: list[Result], end: int, needed: tuple[int, int], at: int) -> State:
    """What the results up to number `at`, and those that confirm it, say."""

    def unbroken(first: int, count: int, *, bad: bool) -> bool:
        row = told[first : first + count]
        return (
            len(row) == count
            and all((verdict == "bad") is bad for _, verdict in row)
            and all(later[0] - earlier[0] <= GRACE_S for earlier, later in pairwise(row))
        )

    outage = False
    for i in range(at + 1):
        if not outage and unbroken(i, needed[0], bad=True):
            outage = True
        elif outage and unbroken(i, needed[1], bad=False):
            outage = False
    if outage:
        return State.DOWN
    for i in range(at, -1, -1):
        if told[i][1] != "bad":
            return STATE_OF[told[i][1]]
        if i == 0 or told[i][0] - told[i - 1][0] > GRACE_S:
            break
    waiting = all(verdict == "bad" for _, verdict in told[at:]) and all(
        later[0] - earlier[0] <= GRACE_S for earlier, later in pairwise([*told[at:], (end, "")])
    )
    return State.UNKNOWN if waiting else State.UP


def fill(store: Any, results: list[Result], pauses: list[Pause], needed: tuple[int, int]) -> None:
    store.clear()
    store.checks(
        [
            {"monitor": "m", "due": START + timedelta(seconds=due), "verdict": verdict}
            for due, verdict in results
        ]
    )
    edges = [(0, False)] + [edge for start, end in pauses for edge in ((start, True), (end, False))]
    store.definitions(
        [
            {
                "monitor": "m",
                "from_time": START + timedelta(seconds=seconds),
                "paused": paused,
                "confirm_after": needed[0],
                "recover_after": needed[1],
            }
            for seconds, paused in edges
        ]
    )


def state_at(intervals: tuple[Interval, ...], moment: datetime) -> State:
    (state,) = [each.state for each in intervals if each.start <= moment < each.end]
    return state


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories(), needed=st.tuples(st.integers(1, 3), st.integers(1, 3)))
def test_the_report_says_what_a_slow_reading_says(
    shared_store: Any,
    history: tuple[list[Result], list[Pause], int],
    needed: tuple[int, int],
) -> None:
    results, pauses, end = history
    fill(shared_store, results, pauses, needed)
    now = START + timedelta(seconds=end)
    report = shared_store.ask(
        lambda snapshot: uptime(snapshot, ["m"], Window(START, now + timedelta(days=1)), now)
    )
    (row,) = report.monitors
    told = [due for due, verdict in results if verdict != "unknown"]
    if not told:
        assert row.uptime is None
        return
    covers_without_hole(row, now)
    first = max(told[0], int((row.intervals[0].start - START).total_seconds()))
    edges = {each.start for each in row.intervals} | {START + timedelta(seconds=d) for d in told}
    for edge in edges:
        for moment in (edge, edge + timedelta(seconds=1), edge - timedelta(seconds=1)):
            seconds = int((moment - START).total_seconds())
            if first <= seconds < end:
                wanted = slow_state(results, pauses, end, needed, seconds)
                assert state_at(row.intervals, moment) is wanted, moment
    agrees_with_itself(row)


def covers_without_hole(row: MonitorUptime, now: datetime) -> None:
    assert row.intervals[-1].end == now
    for earlier, later in pairwise(row.intervals):
        assert earlier.end == later.start
        assert earlier.state is not later.state
    assert all(each.start < each.end for each in row.intervals)


def agrees_with_itself(row: MonitorUptime) -> None:
    down = row.seconds.get(State.DOWN, 0.0)
    assert sum(incident.down_s for incident in row.incidents) == down
    assert sum(day.seconds.get(State.DOWN, 0.0) for day in row.days) == down
    observed = down + row.seconds.get(State.UP, 0.0) + row.seconds.get(State.DEGRADED, 0.0)
    if observed:
        assert row.uptime == (observed - down) / observed
        assert row.low is not None
        assert row.high is not None
        assert 0 <= row.low <= row.uptime + 1e-12 <= row.high + 2e-12 <= 1 + 2e-12
    else:
        assert row.uptime is None
