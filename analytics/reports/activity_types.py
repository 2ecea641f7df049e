"""What the report of an event's volume is asked, and what it says."""

from datetime import datetime
from enum import StrEnum

import pandas as pd
from msgspec import Struct, structs

from analytics.basis import Basis
from analytics.question import SiteScope


class ActivityQuestion(Struct, frozen=True, kw_only=True):
    """An event of a site; `monitors` are those whose outages explain why it did not come."""

    scope: SiteScope
    event: str
    name: str
    journey: str = ""
    monitors: tuple[str, ...] = ()
    by: str = ""
    """"level", or an attribute that the site counts; "" for none."""
    chance: float = 0.001


class ActivityState(StrEnum):
    USUAL = "usual"
    LOW = "low"
    TOO_FEW = "too_few"
    """It comes so rarely that even none in a day would not be surprising."""
    LEARNING = "learning"
    """Fewer than three weeks are known."""
    NONE = "none"
    """It never came."""


class ActivitySlot(Struct, frozen=True, kw_only=True):
    """One slot of whole hours; the band holds 95 % of what is usual. None: too few weeks tell, or
    the slot is not over."""

    start: datetime
    end: datetime
    count: int
    expected: float | None
    low: int | None
    high: int | None
    dropped: bool = False
    """A holiday or an outage lies in it: not judged, and no example."""


class ActivityLow(Struct, frozen=True, kw_only=True):
    """A time in which it came abnormally rarely; `end` is None while it lasts.

    `count` came in the window from `start` to `seen` that showed it, against `usual`.
    """

    start: datetime
    seen: datetime
    end: datetime | None
    count: int
    usual: float


class ActivityPart(Struct, frozen=True, kw_only=True):
    """The events of one value; `before` is the count in the window before, of the same length."""

    told: str
    count: int
    share: float
    value: float
    before: int


class ActivityReport(Struct, frozen=True, kw_only=True):
    """numbers.md, "Activity": counts at 100 %, from browsers and servers."""

    basis: Basis
    site: str
    journey: str
    name: str
    event: str
    state: ActivityState
    sentence: str
    total: int
    value: float
    currency: str
    slots: tuple[ActivitySlot, ...]
    lows: tuple[ActivityLow, ...]
    """Latest first."""
    by: str
    parts: tuple[ActivityPart, ...]
    seen_within_h: int | None
    """A full stop that begins now would be seen within so many hours; None: not within a week."""
    seen_within_usual_h: float | None
    """The same at the middle one of all hours of the week,"""
    seen_within_most_h: int | None
    """and at the worst one."""

    def frame(self) -> pd.DataFrame:
        """One row a slot; one a part where it is asked for by something."""
        return pd.DataFrame(
            [structs.asdict(each) for each in (self.parts if self.by else self.slots)]
        )
