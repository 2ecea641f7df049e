"""What was sent and not accepted, by reason."""

from datetime import datetime

import pandas as pd
from msgspec import Struct, structs

from analytics.question import Window
from analytics.sql import query
from analytics.times import aware, naive
from store.snapshot import Snapshot


class RefusedRow(Struct, frozen=True, kw_only=True):
    """Refusals of one reason and site ("" where it could not be told), with the latest example:
    what was wrong, the masked start of what came, and from which origin; "" where not known."""

    reason: str
    """A rum.records.Reason."""
    site: str
    count: int
    last: datetime
    detail: str
    part: str
    origin: str


class RefusedReport(Struct, frozen=True, kw_only=True):
    start: datetime
    end: datetime
    rows: tuple[RefusedRow, ...]
    """Most frequent first."""

    @property
    def total(self) -> int:
        return sum(row.count for row in self.rows)

    def frame(self) -> pd.DataFrame:
        """One row a reason and site."""
        return pd.DataFrame([structs.asdict(row) for row in self.rows])


def refused(snapshot: Snapshot, window: Window) -> RefusedReport:
    rows = snapshot.rows(
        query("refused_reasons"), {"start": naive(window.start), "end": naive(window.end)}
    )
    return RefusedReport(
        start=window.start,
        end=window.end,
        rows=tuple(
            RefusedRow(
                reason=reason,
                site=site,
                count=count,
                last=aware(last),
                detail=detail,
                part=part,
                origin=origin,
            )
            for reason, site, count, last, detail, part, origin in rows
        ),
    )
