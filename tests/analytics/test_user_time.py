"""User-uptime equals a slow second reading on random timelines, second by second where it can."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.user_time import (
    CUTOFF_US_MAX,
    CUTOFF_US_MIN,
    MINUTE_US,
    Mark,
    Minutes,
    Signs,
    by_minute,
    cutoff_us,
    present,
    silences,
    stretches,
    worst_windows,
)

SECOND_US = 1_000_000
START_S, END_S = 600, 1_800
WINDOW = (START_S * SECOND_US, END_S * SECOND_US)

timelines = st.lists(
    st.lists(
        st.tuples(st.integers(0, 2_400), st.sampled_from([int(mark) for mark in Mark])),
        min_size=1,
        max_size=12,
    ).map(lambda signs: sorted(signs, key=lambda sign: sign[0])),
    max_size=6,
)


def signs_of(people: list[list[tuple[int, int]]]) -> Signs:
    flat = [(number, time, mark) for number, signs in enumerate(people) for time, mark in signs]
    return Signs(
        session=np.array([each[0] for each in flat], dtype=np.int64),
        time_us=np.array([each[1] * SECOND_US for each in flat], dtype=np.int64),
        mark=np.array([each[2] for each in flat], dtype=np.int64),
    )


def state_at(signs: list[tuple[int, int]], second: int, cutoff_s: int) -> int:
    """What a person is in during one second, by going through all that is known up to it."""
    before = [sign for sign in signs if sign[0] <= second]
    if not before or len(before) == len(signs) or second - before[-1][0] >= cutoff_s:
        return 0
    telling = [mark for _, mark in before if mark != Mark.PRESENT]
    state = telling[-1] if telling else 0
    return state if state in (Mark.SUCCESS, Mark.FAILURE) else 0


def obvious(
    people: list[list[tuple[int, int]]], cutoff_s: int
) -> tuple[dict[int, int], dict[int, int]]:
    """Seconds up and down of each person by number."""
    up, down = {}, {}
    for number, signs in enumerate(people):
        states = [state_at(signs, second, cutoff_s) for second in range(START_S, END_S)]
        up[number], down[number] = states.count(Mark.SUCCESS), states.count(Mark.FAILURE)
    return up, down


@settings(max_examples=150, deadline=None)
@given(timelines, st.integers(1, 900))
def test_time_up_and_down_equals_a_slow_second_reading(
    people: list[list[tuple[int, int]]], cutoff_s: int
) -> None:
    found = stretches(signs_of(people), cutoff_s * SECOND_US, WINDOW)
    up, down = obvious(people, cutoff_s)
    for number in range(len(people)):
        own = found.session == number
        assert found.seconds[own & found.up].sum() == pytest.approx(up[number])
        assert found.seconds[own & ~found.up].sum() == pytest.approx(down[number])


@settings(max_examples=100, deadline=None)
@given(timelines, st.lists(st.floats(0.5, 8.0), min_size=6, max_size=6))
def test_minutes_hold_each_second_where_it_was(
    people: list[list[tuple[int, int]]], weights: list[float]
) -> None:
    weight = np.array(weights)
    found = stretches(signs_of(people), 300 * SECOND_US, WINDOW)
    minutes = by_minute(found, weight, WINDOW)
    assert minutes.first * 60 == START_S
    assert len(minutes.up) == (END_S - START_S) // 60
    up, down = np.zeros(len(minutes.up)), np.zeros(len(minutes.up))
    for number, signs in enumerate(people):
        for second in range(START_S, END_S):
            state = state_at(signs, second, 300)
            place = (second - START_S) // 60
            up[place] += weight[number] * (state == Mark.SUCCESS)
            down[place] += weight[number] * (state == Mark.FAILURE)
    np.testing.assert_allclose(minutes.up, up, atol=1e-6)
    np.testing.assert_allclose(minutes.down, down, atol=1e-6)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=40),
    st.integers(1, 120),
)
def test_the_worst_windows_are_those_a_search_of_all_finds(
    shares: list[tuple[int, int]], lived_s_min: int
) -> None:
    up = np.array([each[0] for each in shares], dtype=float)
    down = np.array([each[1] for each in shares], dtype=float)
    minutes = Minutes(first=0, up=up, down=down, lived=up + down)
    found = {each.minutes: each for each in worst_windows(minutes, lived_s_min)}
    lengths = {1, *(2**power for power in range(1, 7) if 2**power < len(up)), len(up)}
    for length in lengths:
        ratios = [
            up[at : at + length].sum() / (up + down)[at : at + length].sum()
            for at in range(len(up) - length + 1)
            if (up + down)[at : at + length].sum() >= lived_s_min
        ]
        if ratios:
            assert found[length].uptime == pytest.approx(min(ratios))
        else:
            assert length not in found


def test_a_bot_s_session_of_many_signs_is_cut_by_the_same_rule() -> None:
    count = 200_000
    signs = Signs(
        session=np.zeros(count, dtype=np.int64),
        time_us=WINDOW[0] + np.arange(count, dtype=np.int64) * 1_000,
        mark=np.where(np.arange(count) % 2, Mark.FAILURE, Mark.SUCCESS).astype(np.int64),
    )
    found = stretches(signs, CUTOFF_US_MAX, WINDOW)
    assert found.seconds[found.up].sum() == pytest.approx((count / 2) / 1_000, abs=0.01)
    assert found.seconds.sum() == pytest.approx((count - 1) / 1_000, abs=0.01)


def test_the_cutoff_is_the_silence_that_nearly_all_are_no_longer_than() -> None:
    gaps = [30] * 980 + [400] * 20
    times = np.cumsum([0, *gaps]).astype(np.int64) * SECOND_US
    signs = Signs(
        session=np.zeros(len(times), dtype=np.int64),
        time_us=times,
        mark=np.ones(len(times), dtype=np.int64),
    )
    assert cutoff_us(silences(signs)) == 400 * SECOND_US
    few = Signs(session=signs.session[:50], time_us=times[:50], mark=signs.mark[:50])
    assert cutoff_us(silences(few)) == CUTOFF_US_MAX
    quick = Signs(session=signs.session, time_us=times // 1_000, mark=signs.mark)
    assert cutoff_us(silences(quick)) == CUTOFF_US_MIN


def test_presence_leaves_out_a_long_silence_whole() -> None:
    people = [[(600, 1), (660, 2), (1_700, 0)]]
    found = present(signs_of(people), 900 * SECOND_US, WINDOW)
    assert found.seconds.tolist() == [60.0]


def test_nobody_is_no_time() -> None:
    found = stretches(signs_of([]), MINUTE_US, WINDOW)
    assert len(found.seconds) == 0
    assert worst_windows(by_minute(found, np.array([]), WINDOW), 1.0) == []
    assert cutoff_us(silences(signs_of([]))) == CUTOFF_US_MAX
