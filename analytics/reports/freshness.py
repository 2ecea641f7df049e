"""How fresh the store is: rows and last times of each kind, and what could not be loaded."""

from datetime import datetime

import pandas as pd
from msgspec import Struct, structs

from analytics.sql import query
from analytics.times import aware, naive
from store.snapshot import Snapshot

FAILURES_MAX = 200


class FreshnessRow(Struct, frozen=True, kw_only=True):
    """`kind` is events (by site), checks (by location) or refused (by site, "" where unknown).

    `last` is when the last one came: of sealed events, the hour it happened in.
    """

    kind: str
    name: str
    rows: int
    last: datetime
    generated: bool


class LoadFailure(Struct, frozen=True, kw_only=True):
    """A journal frame the loader could not use."""

    segment: str
    position: int
    reason: str
    found_at: datetime


class FreshnessReport(Struct, frozen=True, kw_only=True):
    now: datetime
    rows: tuple[FreshnessRow, ...]
    failures: tuple[LoadFailure, ...]
    """The latest ones, newest first."""

    @property
    def generated(self) -> bool:
        """Whether the store holds generated (demo) records."""
        return any(row.generated for row in self.rows)

    def last_event(self, site: str) -> datetime | None:
        """When the site's last beacon came; None while none ever did."""
        return self._last("events", site)

    def last_check(self) -> datetime | None:
        """When the last check began, at any location."""
        return self._last("checks")

    def frame(self) -> pd.DataFrame:
        """One row a kind and name."""
        return pd.DataFrame([structs.asdict(row) for row in self.rows])

    def _last(self, kind: str, name: str | None = None) -> datetime | None:
        return max(
            (row.last for row in self.rows if row.kind == kind and name in (None, row.name)),
            default=None,
        )


def freshness(snapshot: Snapshot, now: datetime) -> FreshnessReport:
    """What the store holds as of `now`."""
    failures = snapshot.rows(query("load_failures"), {"now": naive(now), "rows_max": FAILURES_MAX})
    return FreshnessReport(
        now=now,
        rows=tuple(
            FreshnessRow(kind=kind, name=name, rows=rows, last=aware(last), generated=generated)
            for kind, name, rows, last, generated in snapshot.rows(query("freshness"))
        ),
        failures=tuple(
            LoadFailure(segment=segment, position=position, reason=reason, found_at=aware(found))
            for segment, position, reason, found in failures
        ),
    )
