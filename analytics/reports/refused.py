"""What was sent and not accepted: by reason and site, by hour, and the single ones that were kept.

Of each reason and site some are kept in full each minute (rum.refusals.IN_FULL_A_MINUTE, a
collector); of the others only the count is.
"""

from datetime import datetime
from typing import Any

import pandas as pd
from msgspec import Struct, structs

from analytics.question import Window
from analytics.sql import query
from analytics.times import aware, naive
from store.snapshot import Snapshot

HOURS_MAX = 10_000
"""Lines of `hours`."""
LATEST_MAX = 50
"""On one page of `latest`."""
AFTER_MAX = 1_000_000


class RefusedFilter(Struct, frozen=True, kw_only=True):
    """None: of all. The site "" is that of what came from none that could be told."""

    site: str | None = None
    reason: str | None = None


class RefusedRow(Struct, frozen=True, kw_only=True):
    """Refusals of one reason and site ("" where it could not be told), with the latest example:
    what was wrong, the masked start of what came, and from which origin; "" where not known."""

    reason: str
    """A rum.records.Reason."""
    site: str
    count: int
    only_counted: int
    """Of `count`, those of which nothing more is known."""
    last: datetime
    detail: str
    part: str
    origin: str


class RefusedHour(Struct, frozen=True, kw_only=True):
    """Refusals of one reason and site in the hour that begins at `hour`."""

    hour: datetime
    reason: str
    site: str
    count: int


class RefusedOne(Struct, frozen=True, kw_only=True):
    """One refusal that was kept. `count` events or beacons were refused at once."""

    received: datetime
    reason: str
    site: str
    count: int
    detail: str
    part: str
    origin: str


class RefusedReport(Struct, frozen=True, kw_only=True):
    start: datetime
    end: datetime
    rows: tuple[RefusedRow, ...]
    """Most frequent first."""
    hours: tuple[RefusedHour, ...]
    """Newest first; HOURS_MAX at most."""
    latest: tuple[RefusedOne, ...]
    """Newest first, LATEST_MAX at most, those before `after` left out."""
    after: int = 0
    more: bool = False
    """Whether older ones follow those in `latest`."""

    @property
    def total(self) -> int:
        return sum(row.count for row in self.rows)

    @property
    def only_counted(self) -> int:
        return sum(row.only_counted for row in self.rows)

    def frame(self) -> pd.DataFrame:
        """One row a reason and site."""
        return pd.DataFrame([structs.asdict(row) for row in self.rows])

    def hours_frame(self) -> pd.DataFrame:
        """One row an hour, reason and site."""
        return pd.DataFrame([structs.asdict(row) for row in self.hours])

    def latest_frame(self) -> pd.DataFrame:
        """One row a refusal that was kept."""
        return pd.DataFrame([structs.asdict(row) for row in self.latest])


ALL = RefusedFilter()


def refused(
    snapshot: Snapshot, window: Window, asked: RefusedFilter = ALL, *, after: int = 0
) -> RefusedReport:
    """What was refused in the window; `after` newer ones are left out of `latest`."""
    params: dict[str, Any] = {
        "start": naive(window.start),
        "end": naive(window.end),
        "site": asked.site,
        "reason": asked.reason,
    }
    hours = snapshot.rows(query("refused_hours"), {**params, "most": HOURS_MAX})
    latest = snapshot.rows(
        query("refused_latest"),
        {**params, "most": LATEST_MAX + 1, "after": min(after, AFTER_MAX)},
    )
    return RefusedReport(
        start=window.start,
        end=window.end,
        rows=tuple(map(_row, snapshot.rows(query("refused_reasons"), params))),
        hours=tuple(
            RefusedHour(hour=aware(hour), reason=reason, site=site, count=count)
            for hour, reason, site, count in hours
        ),
        latest=tuple(map(_one, latest[:LATEST_MAX])),
        after=after,
        more=len(latest) > LATEST_MAX,
    )


def _row(row: tuple[Any, ...]) -> RefusedRow:
    reason, site, count, only_counted, last, detail, part, origin = row
    return RefusedRow(
        reason=reason,
        site=site,
        count=count,
        only_counted=only_counted,
        last=aware(last),
        detail=detail,
        part=part,
        origin=origin,
    )


def _one(row: tuple[Any, ...]) -> RefusedOne:
    received, reason, site, count, detail, part, origin = row
    return RefusedOne(
        received=aware(received),
        reason=reason,
        site=site,
        count=count,
        detail=detail,
        part=part,
        origin=origin,
    )
