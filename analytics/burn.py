"""How fast an error budget burns: Google's SRE workbook, chapter 5, over confirmed-down seconds.

Fed with checks as they come, one failed check a minute would alone burn 16.7 times on an hour.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from analytics.combined_time import Stretch, seconds_of, within
from analytics.question import Window


class Urgency(StrEnum):
    PAGE = "page"
    TICKET = "ticket"


class BurnRule(Struct, frozen=True, kw_only=True):
    """Burning when the rate is `rate_min` or more on both windows."""

    long: timedelta
    short: timedelta
    rate_min: float
    urgency: Urgency


RULES = (
    BurnRule(
        long=timedelta(hours=1),
        short=timedelta(minutes=5),
        rate_min=14.4,
        urgency=Urgency.PAGE,
    ),
    BurnRule(
        long=timedelta(hours=6), short=timedelta(minutes=30), rate_min=6, urgency=Urgency.PAGE
    ),
    BurnRule(long=timedelta(days=3), short=timedelta(hours=6), rate_min=1, urgency=Urgency.TICKET),
)
LONGEST = max(rule.long for rule in RULES)


class Burn(Struct, frozen=True, kw_only=True):
    """A rule's two rates now; 1 spends exactly the budget by the end. None before there is as much
    history as its long window."""

    long_s: float
    short_s: float
    rate_min: float
    urgency: Urgency
    long_rate: float | None
    short_rate: float | None

    @property
    def burning(self) -> bool:
        if self.long_rate is None or self.short_rate is None:
            return False
        return min(self.long_rate, self.short_rate) >= self.rate_min


def burn_rate(down_s: float, window_s: float, target: float) -> float:
    """(down / window) / (1 - target), `target` being a share of 1, less than 1."""
    return down_s / window_s / (1 - target)


def burns(stretches: Sequence[Stretch], target: float, now: datetime) -> tuple[Burn, ...]:
    """Every rule's rates at `now` over stretches that reach LONGEST back, where there are any.

    A target of all time has no budget to burn: no rule speaks.
    """
    if target >= 1:
        return ()
    known_since = stretches[0].start if stretches else now
    return tuple(
        Burn(
            long_s=rule.long.total_seconds(),
            short_s=rule.short.total_seconds(),
            rate_min=rule.rate_min,
            urgency=rule.urgency,
            long_rate=_rate(stretches, target, now, rule.long) if known else None,
            short_rate=_rate(stretches, target, now, rule.short) if known else None,
        )
        for rule in RULES
        for known in (known_since <= now - rule.long,)
    )


def _rate(stretches: Sequence[Stretch], target: float, now: datetime, length: timedelta) -> float:
    down_s = seconds_of(within(stretches, Window(now - length, now))).down_s
    return burn_rate(down_s, length.total_seconds(), target)
