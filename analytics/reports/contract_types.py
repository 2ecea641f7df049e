"""What a contract is asked and answered: its terms, its month, and each incident of it."""

from datetime import UTC, date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import pandas as pd
from msgspec import Struct

from analytics.basis import Basis
from analytics.burn import Burn
from analytics.combined_time import Combination
from analytics.question import Window
from analytics.reports.types import Blip


class CreditTier(Struct, frozen=True, kw_only=True):
    """Of a month up for less than `below` per cent, `credit` per cent of its fee may be claimed."""

    below: float
    credit: float


class ContractQuestion(Struct, frozen=True, kw_only=True):
    """A contract as analytics needs to know it. `target` is a share of 1, below 1."""

    id: str
    name: str
    target: float
    monitors: tuple[str, ...]
    combination: Combination = Combination.ANY
    weights: dict[str, float] = {}
    timezone: str = "UTC"
    credits: tuple[CreditTier, ...] = ()


class Month(Struct, frozen=True, order=True):
    """A calendar month, in whatever zone it is looked at."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    def moved(self, months: int) -> "Month":
        index = self.year * 12 + self.month - 1 + months
        return Month(index // 12, index % 12 + 1)

    def window(self, timezone: str) -> Window:
        """From its first instant in the zone to the next month's; as long as it really lasts."""
        zone = ZoneInfo(timezone)
        starts = (
            datetime(each.year, each.month, 1, tzinfo=zone).astimezone(UTC)
            for each in (self, self.moved(1))
        )
        return Window(*starts)


def month_of(moment: datetime, timezone: str) -> Month:
    """The month a moment is in, in the zone."""
    local = moment.astimezone(ZoneInfo(timezone))
    return Month(local.year, local.month)


class ContractState(StrEnum):
    NO_DATA = "no_data"
    """Nothing was observed: neither kept nor broken."""
    RUNNING = "running"
    """The month is not over, and there is budget left."""
    KEPT = "kept"
    BROKEN = "broken"


class Uncounted(StrEnum):
    """Why part of an incident does not count, or counts only in part."""

    BEFORE = "before"
    """It began before the month."""
    AFTER = "after"
    """It went on after the month."""
    EXCLUDED = "excluded"
    """Maintenance or a pause."""
    ANSWERED = "answered"
    """The monitors that answered carried it, or it came back in between."""
    UNOBSERVED = "unobserved"


class ContractIncident(Struct, frozen=True, kw_only=True):
    """Outages of the contract's monitors that overlap, as one. `end` is None while it lasts.

    `month_s`, the part of it in the month lived so far, is `counted_s` + `excluded_s` +
    `unobserved_s` + `answered_s`. Each edge is known to `edge_s`. `why` says what does not count.
    """

    start: datetime
    end: datetime | None
    monitors: tuple[str, ...]
    outcome: str
    detail: str
    edge_s: float
    month_s: float
    counted_s: float
    excluded_s: float
    unobserved_s: float
    answered_s: float
    outside_s: float
    why: tuple[Uncounted, ...]


class ContractMonitor(Struct, frozen=True, kw_only=True):
    """One of the contract's monitors by itself, in the month."""

    monitor: str
    name: str
    weight: float
    uptime: float | None
    down_s: float
    unknown_s: float
    observed_share: float
    incidents: int


class ContractReport(Struct, frozen=True, kw_only=True):
    """A contract's month. Seconds are of the combination, of time already lived.

    The budget is `allowed_s` = (1 - target) x the month's real length; `left_s` is what the seen
    down time leaves of it, negative when it is overspent. The bounds of `down_s` take time not
    observed as up and as down, and each outage's edges by one interval. `uptime` is
    up / (up + down), None where nothing was observed.
    """

    basis: Basis
    id: str
    name: str
    target: float
    combination: Combination
    timezone: str
    month: str
    start: datetime
    end: datetime
    over: bool
    state: ContractState
    sure: bool
    """Whether the bounds of `down_s` say the same of the budget as `down_s` does."""
    month_s: float
    lived_s: float
    allowed_s: float
    left_s: float
    down_s: float
    down_low_s: float
    down_high_s: float
    up_s: float
    unknown_s: float
    excluded_s: float
    uptime: float | None
    low: float | None
    high: float | None
    observed_share: float
    claimable: CreditTier | None
    """Of what was seen so far, taking all other time of the month as up."""
    incidents: tuple[ContractIncident, ...]
    blips: tuple[Blip, ...]
    monitors: tuple[ContractMonitor, ...]
    burns: tuple[Burn, ...]
    """Of the month that is running; empty for others."""

    def frame(self) -> pd.DataFrame:
        """One row an incident: what of it counted, and why not the rest."""
        return pd.DataFrame(
            [
                {
                    "contract": self.id,
                    "month": self.month,
                    "monitors": ", ".join(each.monitors),
                    "start": each.start,
                    "end": each.end,
                    "counted_s": each.counted_s,
                    "excluded_s": each.excluded_s,
                    "unobserved_s": each.unobserved_s,
                    "answered_s": each.answered_s,
                    "outside_s": each.outside_s,
                    "edge_s": each.edge_s,
                    "outcome": each.outcome,
                    "why": ", ".join(each.why),
                }
                for each in self.incidents
            ]
        )
