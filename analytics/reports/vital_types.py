"""The typed values of the report of one vital."""

from datetime import date

import pandas as pd
from msgspec import Struct

from analytics.basis import Basis, Estimate


class VitalBin(Struct, frozen=True, kw_only=True):
    """Views whose value lies from `low` up to `high`; None: open. `share` of all views."""

    low: float
    high: float | None
    views: int
    share: float


class VitalDay(Struct, frozen=True, kw_only=True):
    """One day of one device ("" for all), of all sessions. p75 is known to 2 %."""

    day: date
    device: str
    p75: Estimate
    views: float


class VitalPart(Struct, frozen=True, kw_only=True):
    """The vital among the views of one level, device or release."""

    by: str
    value: str
    p75: Estimate
    good: Estimate
    poor: Estimate
    views: int


class VitalChange(Struct, frozen=True, kw_only=True):
    """Days on which a device was slower than on the others, in one sentence."""

    vital: str
    page: str
    """"" for all."""
    device: str
    first: date
    last: date
    lasts: bool
    p75: float
    usual: float
    sentence: str


class GoesWith(Struct, frozen=True, kw_only=True):
    """What slow views have in common: how much more often those with it are slow than those
    without, as shares 0..1 with the 95 % interval of the difference. It goes with it; whether it
    is the cause is another matter."""

    kind: str
    """element, resource, script, request, device, browser, level or release."""
    what: str
    views: int
    slow: float
    otherwise: float
    difference: float
    low: float
    high: float
    sentence: str


class VitalReport(Struct, frozen=True, kw_only=True):
    """One vital of one page, or of all: "" where not chosen. Slow is above `slow_over`."""

    basis: Basis
    vital: str
    page: str
    device: str
    level: str
    p75: Estimate
    good: Estimate
    poor: Estimate
    views: int
    bins: tuple[VitalBin, ...]
    days: tuple[VitalDay, ...]
    parts: tuple[VitalPart, ...]
    changes: tuple[VitalChange, ...]
    slow_over: float
    goes_with: tuple[GoesWith, ...]

    def frame(self) -> pd.DataFrame:
        """One row a level, device or release."""
        return pd.DataFrame(
            [
                {
                    "by": part.by,
                    "value": part.value,
                    "views": part.views,
                    "p75": part.p75.value,
                    "p75_low": part.p75.low,
                    "p75_high": part.p75.high,
                    "good": part.good.value,
                    "good_low": part.good.low,
                    "good_high": part.good.high,
                    "poor": part.poor.value,
                    "poor_low": part.poor.low,
                    "poor_high": part.poor.high,
                }
                for part in self.parts
            ]
        )
