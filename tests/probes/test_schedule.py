"""The rhythm of checks: spread, without drift, without overlap, whatever happens meanwhile."""

import heapq
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.schedule import Schedule, Turn, phase_s

LAG_LIMIT_S = 5.0
WALL_S = 1_790_000_000.0


def monitor(number: int, interval_s: float = 60.0, **fields: bool | str) -> Monitor:
    return Monitor(
        id=f"m{number}", url=str(fields.pop("url", "http://a/")), interval_s=interval_s,
        paused=bool(fields.pop("paused", False)),
    )  # fmt: skip


def schedule_of(*monitors: Monitor, now_s: float = 0.0, location: str = "here") -> Schedule:
    schedule = Schedule(location=location, lag_limit_s=LAG_LIMIT_S)
    schedule.replace(monitors, now_s=now_s, wall_s=WALL_S + now_s)
    return schedule


def run(schedule: Schedule, until_s: float, now_s: float = 0.0) -> list[Turn]:
    """A prober that is always in time and whose checks take no time."""
    turns: list[Turn] = []
    while (due_s := schedule.next_due_s()) is not None and due_s < until_s:
        for turn in schedule.take(max(now_s, due_s), free=1_000_000):
            turns.append(turn)
            schedule.finished(turn.monitor.id)
    return turns


intervals = st.floats(1.0, 3_600.0)


@settings(deadline=None)
@given(st.lists(st.floats(1.0, 100.0), min_size=1, max_size=20), st.floats(0, 1e7))
def test_every_monitor_is_due_within_one_interval_of_the_start(
    interval_list: list[float], start_s: float
) -> None:
    monitors = [monitor(number, each) for number, each in enumerate(interval_list)]
    schedule = schedule_of(*monitors, now_s=start_s)
    first: dict[str, float] = {}
    while len(first) < len(monitors):
        due_s = schedule.next_due_s()
        assert due_s is not None
        for turn in schedule.take(max(start_s, due_s), free=len(monitors)):
            first.setdefault(turn.monitor.id, turn.due_s)
            schedule.finished(turn.monitor.id)
    for each in monitors:
        assert start_s <= first[each.id] <= start_s + each.interval_s


@settings(deadline=None)
@given(intervals, st.integers(2, 500))
def test_turns_do_not_drift(interval_s: float, count: int) -> None:
    schedule = schedule_of(monitor(1, interval_s))
    first = schedule.next_due_s()
    assert first is not None
    turns = run(schedule, first + (count - 0.5) * interval_s)
    assert len(turns) == count
    for number, turn in enumerate(turns):
        assert turn.due_s == pytest.approx(first + number * interval_s, rel=1e-12)


@settings(deadline=None)
@given(
    st.lists(st.floats(1.0, 20.0), min_size=1, max_size=8),
    st.lists(st.floats(0.0, 30.0), min_size=1, max_size=200),
    st.lists(st.floats(0.0, 40.0), min_size=1, max_size=50),
    st.integers(1, 4),
)
def test_whatever_happens_no_check_overlaps_and_no_turn_is_taken_twice(
    interval_list: list[float], waits_s: list[float], durations_s: list[float], room: int
) -> None:
    """A prober that wakes when it likes, whose checks take as long as they like."""
    monitors = [monitor(number, each) for number, each in enumerate(interval_list)]
    schedule = schedule_of(*monitors)
    in_flight: list[tuple[float, str]] = []
    taken: dict[str, list[float]] = defaultdict(list)
    now_s = 0.0
    for step, wait_s in enumerate(waits_s):
        now_s += wait_s
        while in_flight and in_flight[0][0] <= now_s:
            schedule.finished(heapq.heappop(in_flight)[1])
        flying = {monitor_id for _, monitor_id in in_flight}
        for turn in schedule.take(now_s, room - len(in_flight)):
            monitor_id = turn.monitor.id
            assert turn.due_s <= now_s
            taken[monitor_id].append(turn.due_s)
            if turn.skipped is None:
                assert monitor_id not in flying
                assert now_s - turn.due_s <= LAG_LIMIT_S
                flying.add(monitor_id)
                duration_s = durations_s[step % len(durations_s)]
                heapq.heappush(in_flight, (now_s + duration_s, monitor_id))
            elif turn.skipped is Outcome.MISSED:
                assert monitor_id in flying
            else:
                assert turn.skipped is Outcome.LAGGED
                assert now_s - turn.due_s > LAG_LIMIT_S
            assert len(in_flight) <= room
    for each in monitors:
        dues = taken[each.id]
        assert dues == sorted(set(dues))
        # Always on the beat: a whole number of intervals apart.
        for due_s in dues:
            beats = (due_s - dues[0]) / each.interval_s
            assert beats == pytest.approx(round(beats), abs=1e-6)


def test_an_overrun_is_a_missed_turn_each_time() -> None:
    schedule = schedule_of(monitor(1))
    first = schedule.next_due_s()
    assert first is not None
    (started,) = schedule.take(first, free=1)
    (missed,) = schedule.take(first + 60.5, free=1)
    schedule.finished("m1")
    (again,) = schedule.take(first + 120, free=1)
    assert (started.skipped, missed.skipped, again.skipped) == (None, Outcome.MISSED, None)
    assert [missed.due_s, again.due_s] == [first + 60, first + 120]


@pytest.mark.parametrize("asleep_s", [60.0, 3_600.0, 8 * 3_600.0])
def test_standing_still_for_hours_skips_each_monitor_once(asleep_s: float) -> None:
    monitors = [monitor(number) for number in range(100)]
    schedule = schedule_of(*monitors)
    run(schedule, 60.0)
    woken_s = 60.0 + asleep_s
    turns = schedule.take(woken_s, free=1_000)
    late = [turn for turn in turns if turn.skipped is Outcome.LAGGED]
    started = [turn for turn in turns if turn.skipped is None]
    assert len(late) == len({turn.monitor.id for turn in late}) >= 90
    assert len(turns) == len(late) + len(started)
    # Only those that happen to be due just now start; the others wait for their own beat.
    assert len(started) < 25
    for turn in started:
        schedule.finished(turn.monitor.id)
    later = run(schedule, woken_s + 60.0, woken_s)
    assert {turn.monitor.id for turn in [*later, *started]} == {each.id for each in monitors}
    assert all(turn.skipped is None for turn in later)


def test_without_room_the_longest_due_goes_first_and_the_rest_wait() -> None:
    schedule = schedule_of(*(monitor(number, 10.0) for number in range(20)))
    everything_due_s = 4.0
    due = [turn.due_s for turn in schedule.take(everything_due_s, free=3)]
    assert len(due) == 3
    assert schedule.take(everything_due_s, free=0) == []
    more = [turn.due_s for turn in schedule.take(everything_due_s, free=100)]
    assert due + more == sorted(due + more)


def test_checks_are_spread_over_the_interval() -> None:
    phases = [phase_s(monitor(number), "here") for number in range(6_000)]
    per_second = [0] * 60
    for phase in phases:
        per_second[int(phase)] += 1
    # 100 expected in each: five standard deviations either way.
    assert min(per_second) > 50
    assert max(per_second) < 150


def test_a_phase_is_the_same_everywhere_and_always() -> None:
    """Known values: a changed hash would move every check of every installation."""
    assert phase_s(monitor(1), "paris") == pytest.approx(43.332106071)
    assert phase_s(monitor(1), "here") == pytest.approx(28.820923758)


def test_a_restart_keeps_the_beat() -> None:
    before = schedule_of(monitor(1), now_s=0.0).next_due_s()
    after = schedule_of(monitor(1), now_s=1_000.5).next_due_s()
    assert before is not None
    assert after is not None
    assert (after - before) % 60.0 == pytest.approx(0.0, abs=1e-4)


def test_a_change_disturbs_nobody_elses_rhythm() -> None:
    monitors = [monitor(number) for number in range(10)]
    undisturbed = {turn.monitor.id: turn.due_s for turn in run(schedule_of(*monitors), 60.0)}
    schedule = schedule_of(*monitors)
    changed = [
        *monitors[:7],
        monitor(7, url="http://b/"),
        monitor(8, interval_s=30.0),
        monitor(20),
    ]
    schedule.replace(changed, now_s=0.0, wall_s=WALL_S)
    turns = run(schedule, 60.0)
    due = {turn.monitor.id: turn.due_s for turn in turns}
    for number in range(8):
        assert due[f"m{number}"] == undisturbed[f"m{number}"]
    assert "m9" not in due
    assert "m20" in due
    assert sum(turn.monitor.id == "m8" for turn in turns) == 2
    assert next(turn for turn in turns if turn.monitor.id == "m7").monitor.url == "http://b/"


def test_the_wall_clock_being_set_moves_no_turn_already_planned() -> None:
    schedule = schedule_of(monitor(1))
    due_s = schedule.next_due_s()
    schedule.replace([monitor(1, url="http://b/")], now_s=0.0, wall_s=WALL_S + 12_345.6)
    assert schedule.next_due_s() == due_s


def test_a_paused_monitor_has_no_turns_and_finds_its_beat_again() -> None:
    schedule = schedule_of(monitor(1))
    due_s = schedule.next_due_s()
    assert due_s is not None
    schedule.replace([monitor(1, paused=True)], now_s=0.0, wall_s=WALL_S)
    assert schedule.next_due_s() is None
    schedule.replace([monitor(1)], now_s=200.0, wall_s=WALL_S + 200.0)
    again = schedule.next_due_s()
    assert again is not None
    assert (again - due_s) % 60.0 == pytest.approx(0.0, abs=1e-4)


def test_a_monitor_taken_away_and_back_does_not_overlap_its_old_check() -> None:
    schedule = schedule_of(monitor(1))
    due_s = schedule.next_due_s()
    assert due_s is not None
    schedule.take(due_s, free=1)
    schedule.replace([], now_s=due_s, wall_s=WALL_S)
    schedule.replace([monitor(1)], now_s=due_s + 1, wall_s=WALL_S + 1)
    next_s = schedule.next_due_s()
    assert next_s is not None
    assert [turn.skipped for turn in schedule.take(next_s, free=1)] == [Outcome.MISSED]
