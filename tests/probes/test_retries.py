"""Retries while a failure waits to be confirmed: soon, bounded, and never at the beat's cost."""

import heapq
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.monitor import Monitor
from probes.outcome import Outcome, Verdict
from probes.schedule import Schedule, Turn

LAG_LIMIT_S = 5.0


def monitor(**fields: float | bool | str | None) -> Monitor:
    named = {"id": "m", "url": "http://a/", "timeout_s": 5.0, "retry_interval_s": 10.0}
    return Monitor(**{**named, "confirm_after": 3, **fields})  # type: ignore[arg-type]


def schedule_of(*monitors: Monitor) -> Schedule:
    schedule = Schedule(location="here", lag_limit_s=LAG_LIMIT_S)
    schedule.replace(monitors, now_s=0.0, wall_s=0.0)
    return schedule


def told(schedule: Schedule, verdicts: Sequence[Verdict]) -> list[float]:
    """When checks fell due that said `verdicts` one after the other, from the first of them."""
    dues: list[float] = []
    for verdict in verdicts:
        due_s = schedule.next_due_s()
        assert due_s is not None
        (turn,) = schedule.take(due_s, free=1)
        assert turn.skipped is None
        schedule.finished("m")
        schedule.heard("m", verdict, turn.due_s)
        dues.append(turn.due_s)
    return [round(due_s - dues[0], 6) for due_s in dues]


G, B, U = Verdict.GOOD, Verdict.BAD, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("verdicts", "dues"),
    [
        ([G, G, G], [0, 60, 120]),
        ([B, G, G], [0, 10, 60]),
        ([B, B, G, B, G], [0, 10, 20, 60, 70]),
        ([B, B, B, B, B], [0, 10, 20, 60, 120]),  # confirmed: there is nothing to hurry for
        ([B, U, B, B, B], [0, 10, 60, 70, 120]),
        ([B, B, B, G, B, B, B, G], [0, 10, 20, 60, 120, 130, 140, 180]),
    ],
)
def test_a_failure_is_tried_again_soon_until_it_is_confirmed_or_gone(
    verdicts: list[Verdict], dues: list[float]
) -> None:
    assert told(schedule_of(monitor()), verdicts) == dues


def test_without_a_retry_interval_only_the_beat_confirms() -> None:
    assert told(schedule_of(monitor(retry_interval_s=None)), [B, B, B]) == [0, 60, 120]


def test_a_retry_that_could_still_be_in_flight_at_the_beat_is_left_to_it() -> None:
    # At 29 s it ends by 34 s; the one at 58 s might last until 63 s.
    assert told(schedule_of(monitor(retry_interval_s=29.0)), [B, B, B]) == [0, 29, 60]


def test_a_silence_begins_the_count_anew() -> None:
    schedule = schedule_of(monitor(confirm_after=2))
    assert told(schedule, [B]) == [0]
    due_s = schedule.next_due_s()
    assert due_s is not None
    # Asleep for an hour: what failed before it does not confirm what fails after it.
    late = schedule.take(due_s + 3_600, free=1)
    assert [turn.skipped for turn in late if turn.skipped] == [Outcome.LAGGED]
    for turn in late:
        if turn.skipped is None:
            schedule.finished("m")
    assert told(schedule, [B, B, B]) == [0, 10, 60]


def test_what_is_changed_or_taken_away_wants_no_retry_any_more() -> None:
    schedule = schedule_of(monitor())
    told(schedule, [B])
    waiting_s = schedule.next_due_s()
    schedule.replace([monitor(url="http://b/")], now_s=0.0, wall_s=0.0)
    assert schedule.next_due_s() == waiting_s
    schedule.replace([monitor(retry_interval_s=None)], now_s=0.0, wall_s=0.0)
    assert schedule.next_due_s() != waiting_s
    schedule.replace([], now_s=0.0, wall_s=0.0)
    assert schedule.next_due_s() is None
    assert schedule.heard("m", B, 0.0) is False


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.floats(0.0, 25.0), min_size=1, max_size=150),
    st.lists(st.floats(0.0, 5.0), min_size=1, max_size=20),
    st.lists(st.sampled_from([G, B, B, B, U]), min_size=1, max_size=20),
    st.floats(6.0, 60.0),
    st.integers(1, 4),
)
def test_whatever_comes_the_beat_is_kept_and_nothing_overlaps(
    waits_s: list[float],
    durations_s: list[float],
    verdicts: list[Verdict],
    retry_s: float,
    confirm_after: int,
) -> None:
    """A prober that wakes when it likes, whose checks keep to their timeout."""
    schedule = schedule_of(monitor(retry_interval_s=retry_s, confirm_after=confirm_after))
    base_s = schedule.next_due_s()
    assert base_s is not None
    in_flight: list[tuple[float, int, Turn]] = []
    beats: list[Turn] = []
    now_s, bad_in_a_row = 0.0, 0
    for step, wait_s in enumerate(waits_s):
        now_s += wait_s
        while in_flight and in_flight[0][0] <= now_s:
            _, number, turn = heapq.heappop(in_flight)
            schedule.finished("m")
            verdict = verdicts[number % len(verdicts)]
            bad_in_a_row = {B: bad_in_a_row + 1, U: bad_in_a_row}.get(verdict, 0)
            wanted = schedule.heard("m", verdict, turn.due_s)
            assert wanted <= (verdict is B and bad_in_a_row < confirm_after)
        for turn in schedule.take(now_s, free=1):
            assert turn.due_s <= now_s
            off_beat_s = abs((turn.due_s - base_s + 30.0) % 60.0 - 30.0)
            if off_beat_s < 1e-6:
                beats.append(turn)
                # No retry ever stands in the way of a beat: these end before it.
                assert turn.skipped is not Outcome.MISSED
            if turn.skipped is None:
                assert not in_flight
                duration_s = durations_s[step % len(durations_s)]
                heapq.heappush(in_flight, (now_s + duration_s, step, turn))
    dues = [turn.due_s for turn in beats]
    assert dues == sorted(set(dues))
    # Not one beat is passed over, but those that passed while nobody looked for over a minute.
    assert len(beats) >= int((now_s - base_s) // 60.0)
