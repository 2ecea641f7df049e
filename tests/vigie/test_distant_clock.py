"""The other clock is read off requests and answers, and never trusted beyond what they allow."""

import random

from vigie.distant.clock import Offset, Offsets, offset_of


def exchange(offset_us: int, there_us: int, back_us: int, work_us: int = 700) -> Offset:
    """One with a collector whose clock is `offset_us` ahead, over a way of such delays."""
    received_us = 1_000_000 + there_us + offset_us
    answered_us = received_us + work_us
    return offset_of(1_000_000, received_us, answered_us, answered_us - offset_us + back_us)


def test_the_true_offset_is_never_outside_the_error() -> None:
    chance = random.Random(3)
    for _ in range(1000):
        offset_us = chance.randint(-(10**12), 10**12)
        found = exchange(offset_us, chance.randint(0, 10**6), chance.randint(0, 10**6))
        assert abs(found.offset_us - offset_us) <= found.error_us


def test_the_quickest_exchange_is_believed() -> None:
    offsets = Offsets()
    for there_us, back_us in ((900, 90_000), (1_000, 1_200), (400_000, 300)):
        offsets.take(exchange(5_000_000, there_us, back_us))
    best = offsets.best()
    assert best is not None
    assert abs(best.offset_us - 5_000_000) <= 100


def test_a_clock_that_was_set_is_measured_anew() -> None:
    offsets = Offsets()
    for _ in range(8):
        offsets.take(exchange(60_000_000, 100, 100))
    offsets.take(exchange(0, 50_000, 50_000))
    best = offsets.best()
    assert best is not None
    assert best.offset_us == 0
