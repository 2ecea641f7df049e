"""What the report of user-perceived availability is asked, and what it says."""

from datetime import datetime

import pandas as pd
from msgspec import Struct, structs

from analytics.basis import Basis, Estimate
from analytics.question import Evidence, SiteScope


class PerceivedQuestion(Struct, frozen=True, kw_only=True):
    """A site, or one journey of it: then only what happens on its pages, or by its events, counts.

    `monitors` are those whose outages it is held against: the journey's, or the site's.
    """

    scope: SiteScope
    name: str
    monitors: tuple[str, ...]
    evidence: Evidence = Evidence()
    journey: str = ""
    pages: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


class PerceivedRow(Struct, frozen=True, kw_only=True):
    """User-uptime of one level ("" for everyone): up / (up + down) of its people's time.

    `active_min` and `down_min` are user-minutes of all sessions, as the sample says; `met` are the
    sessions with any time down. `people` and `people_met` are the sessions of all that `sessions`
    and `met` of the sample stand for.
    """

    level: str
    sessions: int
    """In the sample."""
    people: int
    people_met: int
    active_min: float
    down_min: float
    met: int
    """In the sample."""
    user_uptime: Estimate
    lost_per_1000_h: Estimate
    """Minutes lost per 1,000 user-hours."""


class WorstWindow(Struct, frozen=True, kw_only=True):
    """The `minutes` in a row with the lowest user-uptime, and the incident they fell in: the one
    that shares most of them, "" where none does."""

    minutes: int
    start: datetime
    end: datetime
    user_uptime: float
    active_min: float
    incident: str = ""
    monitor: str = ""


class PerceivedReport(Struct, frozen=True, kw_only=True):
    """numbers.md, "User-perceived availability". None: not known, as `note` of the basis says."""

    basis: Basis
    site: str
    journey: str
    name: str
    cutoff_s: float
    everyone: PerceivedRow
    levels: tuple[PerceivedRow, ...]
    worst: tuple[WorstWindow, ...]
    probed_down_min: float
    """How long any of the monitors was confirmed down."""
    lost_min: float | None
    """User-minutes that were missing meanwhile, against what is usual."""
    perceived: Estimate | None
    """User-uptime with what was missing as lost: U / (U + D + L)."""
    uptime: float | None
    """Plain: by the clock, any of the monitors being down."""
    demand_uptime: float | None
    """The same, each hour counting by the demand that is usual in it."""

    def frame(self) -> pd.DataFrame:
        """One row a level."""
        return pd.DataFrame([_flat(row) for row in (self.everyone, *self.levels)])


def _flat(row: PerceivedRow) -> dict[str, object]:
    plain: dict[str, object] = {
        **structs.asdict(row),
        "level": row.level or "everyone",
    }
    for name in ("user_uptime", "lost_per_1000_h"):
        estimate: Estimate = getattr(row, name)
        plain |= {
            name: estimate.value,
            f"{name}_low": estimate.low,
            f"{name}_high": estimate.high,
        }
    plain["withheld"] = row.user_uptime.withheld.value if row.user_uptime.withheld else None
    return plain
