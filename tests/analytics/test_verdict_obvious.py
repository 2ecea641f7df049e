"""The verdict against a slow, obvious second reading of the rules, on thousands of sequences."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from analytics.availability import availability, seconds_by_state
from analytics.flapping import damped
from analytics.maintenance import Maintenance
from analytics.observed import Run, Version
from analytics.question import Window
from analytics.reports.types import Incident, State
from analytics.timeline import Timeline
from analytics.times import to_us
from analytics.verdict import Observed, verdict
from probes.outcome import Verdict
from tests.support import obvious
from tests.support.obvious import INTERVAL_S, TIMEOUT_S, Result, Span

START = datetime(2026, 3, 1, tzinfo=UTC)
START_US = to_us(START)
SECOND_US = 1_000_000
BAD, GOOD, DEGRADED, UNKNOWN = "bad", "good", "degraded", "unknown"

# On the beat, retries in between, just within and just over the time nothing need be heard.
gaps = st.sampled_from([6, 6, 6, 6, 2, 2, 7, 12, 13, 14, 19, 40])
verdicts = st.sampled_from([GOOD, GOOD, BAD, BAD, BAD, DEGRADED, UNKNOWN])


@st.composite
def results(draw: st.DrawFn, most: int = 20) -> list[Result]:
    due = draw(st.integers(0, 20))
    found = [(due, draw(st.sampled_from([GOOD, BAD, DEGRADED])))]
    for gap, said in draw(st.lists(st.tuples(gaps, verdicts), max_size=most)):
        due += gap
        found.append((due, said))
    return found


def spans(most: int, until: int = 200) -> st.SearchStrategy[list[Span]]:
    """In order and apart."""
    edges = st.lists(st.integers(1, until), max_size=2 * most, unique=True).map(sorted)
    return edges.map(lambda found: list(zip(found[::2], found[1::2], strict=False)))


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def unpaused(found: Sequence[Result], pauses: Sequence[Span]) -> list[Result]:
    """Less the results due in a pause: there are no checks then."""
    return [
        result for result in found if not any(start <= result[0] < until for start, until in pauses)
    ]


def runs_of(found: Sequence[Result], compact: bool) -> list[Run]:
    """The results as runs: each by itself, or passing ones joined as far as the query joins."""
    runs: list[Run] = []
    for due, said in found:
        if said == UNKNOWN:
            continue
        run = Run(
            verdict=Verdict(said),
            first_us=START_US + due * SECOND_US,
            last_us=START_US + due * SECOND_US,
            count=1,
            interval_us=INTERVAL_S * SECOND_US,
            timeout_us=TIMEOUT_S * SECOND_US,
        )
        before = runs[-1] if runs else None
        if (
            compact
            and before
            and before.verdict is run.verdict is not Verdict.BAD
            and run.first_us - before.last_us <= before.grace_us
        ):
            runs[-1] = Run(
                verdict=run.verdict,
                first_us=before.first_us,
                last_us=run.last_us,
                count=before.count + 1,
                interval_us=run.interval_us,
                timeout_us=run.timeout_us,
            )
        else:
            runs.append(run)
    return runs


def versions_of(
    found: Sequence[Result], pauses: Sequence[Span], needed: tuple[int, int], quorum: int
) -> list[Version]:
    """Defined with the first result, and at each edge of a pause after it."""
    first = found[0][0]
    edges = [(first, False)]
    for start, end in pauses:
        edges += [(start, True), (end, False)]
    return [
        Version(
            from_us=START_US + second * SECOND_US,
            interval_us=INTERVAL_S * SECOND_US,
            timeout_us=TIMEOUT_S * SECOND_US,
            confirm_after=needed[0],
            recover_after=needed[1],
            quorum=quorum,
            paused=paused,
        )
        for second, paused in edges
    ]


def judged(
    locations: Sequence[Sequence[Result]],
    end: int,
    *,
    needed: tuple[int, int] = (2, 1),
    quorum: int = 0,
    pauses: Sequence[Span] = (),
    planned: Sequence[Span] = (),
    compact: bool = False,
) -> Timeline:
    observed = Observed(
        runs={"m": {f"p{n}": runs_of(each, compact) for n, each in enumerate(locations)}},
        versions={
            "m": {
                f"p{n}": versions_of(each, () if n else pauses, needed, quorum)
                for n, each in enumerate(locations)
            }
        },
        ties={},
    )
    maintenance = [
        Maintenance(id=f"w{n}", when=Window(at(start), at(until)))
        for n, (start, until) in enumerate(planned)
    ]
    return verdict(observed, ["m"], at(end), maintenance=maintenance).timelines["m"]


def covers_without_hole(whole: Timeline, first: int, end: int) -> None:
    assert whole.intervals[0].start == at(first)
    assert whole.intervals[-1].end == at(end)
    for earlier, later in pairwise(whole.intervals):
        assert earlier.end == later.start
        assert earlier.state is not later.state
    assert all(each.start < each.end for each in whole.intervals)


def by_second(whole: Timeline) -> dict[int, State]:
    return {
        second: each.state
        for each in whole.intervals
        for second in range(
            int((each.start - START).total_seconds()), int((each.end - START).total_seconds())
        )
    }


def as_outage(incident: Incident) -> obvious.Outage:
    end = int((incident.end - START).total_seconds()) if incident.end else None
    return (int((incident.start - START).total_seconds()), end, int(incident.down_s))


def seen_damped(outages: list[obvious.Outage], end: int) -> list[obvious.Outage]:
    return obvious.damped(outages, end, 4, within=30 * 60, stable=15 * 60)


def figures_agree(whole: Timeline, states: dict[int, State], end: int) -> None:
    """Uptime, observed share and bounds, counted by the second."""
    window = Window(START, at(end))
    said = availability(whole.intervals, whole.incidents, window)
    values = list(states.values())
    up = values.count(State.UP) + values.count(State.DEGRADED)
    down, unknown = values.count(State.DOWN), values.count(State.UNKNOWN)
    assert seconds_by_state(whole.intervals) == {s: values.count(s) for s in set(values)}
    if up + down == 0:
        assert (said.uptime, said.low, said.high, said.observed_share) == (None, None, None, 0.0)
        return
    assert said.uptime == pytest.approx(up / (up + down))
    assert said.observed_share == pytest.approx((up + down) / (up + down + unknown))
    assert said.low is not None
    assert said.high is not None
    # Unknown all down and all up, and each edge of an outage by at most an interval.
    duty = up + down + unknown
    starts = sum(
        states.get(second - 1) in (State.UP, State.DEGRADED)
        for second, state in states.items()
        if state is State.DOWN and second - 1 in states
    )
    ends = sum(
        states.get(second + 1) is not State.DOWN
        for second, state in states.items()
        if state is State.DOWN and second + 1 in states
    )
    low, high = up - starts * INTERVAL_S, up + unknown + min(ends * INTERVAL_S, down)
    assert said.low == pytest.approx(max(low, 0) / duty)
    assert said.high == pytest.approx(min(high, duty) / duty)


@settings(max_examples=1_500, deadline=None)
@given(
    results(),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    spans(1),
    spans(2),
    st.integers(1, 30),
    st.booleans(),
)
def test_one_location_with_pauses_and_maintenance(
    found: list[Result],
    needed: tuple[int, int],
    pauses: list[Span],
    planned: list[Span],
    more: int,
    compact: bool,
) -> None:
    first, end = found[0][0], found[-1][0] + more
    pauses = [pause for pause in pauses if pause[0] > first]
    found = unpaused(found, pauses)
    whole = judged([found], end, needed=needed, pauses=pauses, planned=planned, compact=compact)
    states = obvious.location_states(found, pauses, needed, end)
    bad = [due for due, said in found if said == BAD]
    laid = obvious.with_maintenance(states, planned, bad)
    covers_without_hole(whole, first, end)
    assert by_second(whole) == laid
    outages = obvious.outages_left(obvious.outages(states), laid)
    event(f"{len(outages)} outages")
    assert [as_outage(each) for each in whole.incidents] == seen_damped(outages, end)
    figures_agree(whole, laid, end)


@settings(max_examples=1_000, deadline=None)
@given(
    st.lists(results(12), min_size=1, max_size=4),
    st.integers(0, 4),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
    spans(1),
    spans(1),
    st.integers(1, 30),
)
def test_several_locations_with_a_quorum(
    locations: list[list[Result]],
    quorum: int,
    needed: tuple[int, int],
    pauses: list[Span],
    planned: list[Span],
    more: int,
) -> None:
    end = max(each[-1][0] for each in locations) + more
    pauses = [pause for pause in pauses if pause[0] > locations[0][0][0]]
    locations[0] = unpaused(locations[0], pauses)
    whole = judged(locations, end, needed=needed, quorum=quorum, pauses=pauses, planned=planned)
    by_location = [
        obvious.location_states(each, () if n else pauses, needed, end)
        for n, each in enumerate(locations)
    ]
    states = obvious.by_quorum(by_location, quorum, end)
    bad = [due for each in locations for due, said in each if said == BAD]
    laid = obvious.with_maintenance(states, planned, bad)
    covers_without_hole(whole, min(states), end)
    assert by_second(whole) == laid
    outages = obvious.outages_left(obvious.outages(states), laid)
    assert [as_outage(each) for each in whole.incidents] == seen_damped(outages, end)
    figures_agree(whole, laid, end)


@settings(max_examples=1_000, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 25), st.integers(1, 25)), min_size=1, max_size=20),
    st.booleans(),
    st.integers(0, 40),
)
def test_outages_that_flap(lengths: list[tuple[int, int]], lasts: bool, more: int) -> None:
    """Outages of minutes, minutes apart."""
    found: list[obvious.Outage] = []
    minute = 0
    for apart, long in lengths:
        found.append((minute + apart, minute + apart + long, long))
        minute += apart + long
    if lasts:
        found[-1] = (found[-1][0], None, found[-1][2])
    now = minute + more

    def moment(number: int) -> datetime:
        return START + timedelta(minutes=number)

    incidents = [
        Incident(
            monitor="m",
            start=moment(start),
            end=None if end is None else moment(end),
            confirmed_at=moment(start),
            edge_s=60,
            outcome="",
            detail="",
            failed_checks=1,
            down_s=down,
        )
        for start, end, down in found
    ]
    joined = damped(incidents, moment(now))
    wanted = obvious.damped(found, now, 4, within=30, stable=15)
    assert [(each.start, each.end, each.down_s) for each in joined] == [
        (moment(s), None if e is None else moment(e), d) for s, e, d in wanted
    ]
    assert sum(each.outages for each in joined) == len(found)


@settings(max_examples=300, deadline=None)
@given(results(), st.integers(1, 30), st.lists(st.integers(0, 300), min_size=1, max_size=5))
def test_what_is_known_only_changes_where_it_was_not_settled(
    found: list[Result], more: int, looks: list[int]
) -> None:
    """Seen earlier, a timeline says the same of all but its last unsettled stretch."""
    end = found[-1][0] + more
    whole = by_second(judged([found], end))
    for look in looks:
        heard = [result for result in found if result[0] <= look]
        if not heard or look > end or heard[0][0] >= look:
            continue
        early = by_second(judged([heard], look))
        settled = [
            due
            for (due, said), (_, after) in pairwise(heard)
            if said != BAD and after != BAD and said != UNKNOWN and after != UNKNOWN
        ]
        for second, state in early.items():
            if settled and second < settled[-1]:
                assert whole[second] is state


def test_the_slow_reading_knows_each_state() -> None:
    """Lest the two agree for want of anything to say."""
    found = [(0, GOOD), (6, BAD), (12, BAD), (18, DEGRADED), (60, GOOD)]
    states = obvious.location_states(found, [(62, 64)], (2, 1), 66)
    laid = obvious.with_maintenance(states, [(58, 60)], [6, 12])
    assert set(laid.values()) == set(State)
