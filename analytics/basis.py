"""What stands under every figure: its window, its sample, and how sure it is."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from analytics.question import Unit


class Withheld(StrEnum):
    """Why a figure is not shown."""

    NO_DATA = "no_data"
    TOO_FEW_SESSIONS = "too_few_sessions"
    TOO_FEW_VISITORS = "too_few_visitors"
    TOO_WIDE = "too_wide"


class Estimate(Struct, frozen=True, kw_only=True):
    """A sampled figure with its 95 % interval, or the reason it is withheld.

    `value`, `low` and `high` are None when `withheld` is set. `effective_n` is the effective
    sample size (Kish).
    """

    value: float | None
    low: float | None
    high: float | None
    effective_n: float
    withheld: Withheld | None = None


class Basis(Struct, frozen=True, kw_only=True):
    """The window and sample a report read. `sample` is the rate really read; `note` says, where it
    differs from the one asked for, why."""

    definition: str
    start: datetime
    end: datetime
    asked_sample: float | None = None
    sample: float | None = None
    unit: Unit = Unit.SESSION
    """What the sample is of: sessions, or users with all their sessions."""
    sessions: int | None = None
    """Sessions in the sample."""
    observed_share: float | None = None
    generated: bool = False
    """Whether generated (demo) records are among what was read."""
    note: str = ""
