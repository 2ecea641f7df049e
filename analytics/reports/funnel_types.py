"""What the report of a funnel holds."""

from datetime import datetime

import pandas as pd
from msgspec import Struct

from analytics.basis import Basis, Estimate
from analytics.question import Order, Unit


class FunnelStep(Struct, frozen=True, kw_only=True):
    """One step for one segment. `reached` counts sampled sessions; the shares carry intervals.

    `dropped` and `still_in_window` are those that came to this step and no further, so that
    `reached` = the next step's `reached` + `dropped` + `still_in_window`.
    """

    number: int
    label: str
    reached: int
    of_entered: Estimate
    """Share of those that entered, whoever is still in window left out."""
    of_previous: Estimate
    dropped: int
    still_in_window: int
    """Entered less than the window ago: they may still go on."""


class FunnelSegment(Struct, frozen=True, kw_only=True):
    """The funnel of one segment. `level` is set where it is of a level, "" for everyone; `parts`
    are the values of what the report is broken down by."""

    level: str = ""
    entered: int
    steps: tuple[FunnelStep, ...]
    convert_p50_s: float | None
    convert_p75_s: float | None
    parts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return ", ".join(self.parts) or self.level or "everyone"


class FunnelDifference(Struct, frozen=True, kw_only=True):
    """A segment's share minus that of all others, with its 95 % interval; None where withheld.

    `step` is the one they went on from, 0 for the funnel as a whole. `told`: a difference can be
    told, all that were looked at together considered.
    """

    parts: tuple[str, ...]
    step: int
    value: float | None
    low: float | None
    high: float | None
    told: bool
    sentence: str


class TookBin(Struct, frozen=True, kw_only=True):
    """Conversions that took from `from_s` up to but not including `to_s`; None: no end."""

    from_s: float
    to_s: float | None
    converted: int


class FunnelDay(Struct, frozen=True, kw_only=True):
    """Those that entered first on one UTC day (`start` to `end`), by level ("" for everyone): how
    many, and the share of them that got through."""

    start: datetime
    end: datetime
    entered: dict[str, int]
    passed: dict[str, Estimate]


class FunnelBefore(Struct, frozen=True, kw_only=True):
    """The share that got through of those who entered from `cut` on, to the window's end, against
    those who entered before, from `start` on. `bounded`: detail is kept too short to compare the
    whole window, so only the end of it is."""

    start: datetime
    cut: datetime
    bounded: bool
    now: Estimate
    then: Estimate
    told: bool
    sentence: str


class FunnelReport(Struct, frozen=True, kw_only=True):
    """`levels` are always there; `segments` are by what else was asked (`by`), the largest first,
    the rest together in the last as "other"."""

    basis: Basis
    window_s: float
    everyone: FunnelSegment
    levels: tuple[FunnelSegment, ...]
    order: Order = Order.ORDERED
    unit: Unit = Unit.SESSION
    exclude: tuple[str, ...] = ()
    """Labels of the steps that end it."""
    by: tuple[str, ...] = ()
    segments: tuple[FunnelSegment, ...] = ()
    differences: tuple[FunnelDifference, ...] = ()
    """Of the segments shown, each against all others: the whole funnel, then its steps."""
    readings: tuple[str, ...] = ()
    """What can be told of them, in sentences, the plainest first."""
    took: tuple[TookBin, ...] = ()
    days: tuple[FunnelDay, ...] = ()
    before: FunnelBefore | None = None

    @property
    def shown(self) -> tuple[FunnelSegment, ...]:
        """The segments beside everyone: by level unless another breakdown was asked for."""
        return self.segments if self.by else self.levels

    def frame(self) -> pd.DataFrame:
        """One row a segment and step."""
        names = self.by or ("level",)
        return pd.DataFrame(
            [
                {
                    **_named(names, segment),
                    "step": step.number,
                    "label": step.label,
                    "reached": step.reached,
                    "of_entered": step.of_entered.value,
                    "of_entered_low": step.of_entered.low,
                    "of_entered_high": step.of_entered.high,
                    "of_previous": step.of_previous.value,
                    "of_previous_low": step.of_previous.low,
                    "of_previous_high": step.of_previous.high,
                    "dropped": step.dropped,
                    "still_in_window": step.still_in_window,
                }
                for segment in (self.everyone, *self.shown)
                for step in segment.steps
            ]
        )


def _named(names: tuple[str, ...], segment: FunnelSegment) -> dict[str, str]:
    if names == ("level",) and not segment.parts:
        return {"level": segment.level or "everyone"}
    parts = segment.parts or ("everyone",) * len(names)
    return dict(zip(names, parts, strict=True))
