"""How far this machine's clock is off another's, by the times of requests and answers: as NTP does
(RFC 5905, section 8)."""

from collections import deque

from msgspec import Struct

SAMPLES = 8
STEP_US = 500_000
"""Samples further than this and their errors from the newest are of a clock that was since set."""


class Offset(Struct, frozen=True):
    """`offset_us` is to be added to our times to have the other's; it is wrong by `error_us` at
    most, half of what the request and the answer took on their way."""

    offset_us: int
    error_us: int


def offset_of(sent_us: int, received_us: int, answered_us: int, heard_us: int) -> Offset:
    """Of one exchange: sent and heard by our clock, received and answered by the other's."""
    on_the_way_us = max(0, (heard_us - sent_us) - (answered_us - received_us))
    offset_us = ((received_us - sent_us) + (answered_us - heard_us)) // 2
    return Offset(offset_us, (on_the_way_us + 1) // 2)


class Offsets:
    """The latest samples; the best is the one of the quickest exchange."""

    def __init__(self) -> None:
        self._samples: deque[Offset] = deque(maxlen=SAMPLES)

    def take(self, sample: Offset) -> None:
        agreeing = [
            each
            for each in self._samples
            if abs(each.offset_us - sample.offset_us) <= each.error_us + sample.error_us + STEP_US
        ]
        self._samples = deque([*agreeing, sample], maxlen=SAMPLES)

    def best(self) -> Offset | None:
        """None before the first exchange."""
        return min(self._samples, key=lambda each: each.error_us, default=None)
