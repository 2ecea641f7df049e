"""A saved funnel over all the days that were kept of it, long after the detail went."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

import pandas as pd
from msgspec import Struct

from analytics.basis import Basis, Estimate
from analytics.estimates import share
from analytics.sql import query
from store.snapshot import Snapshot

DEFINITION = "funnel_days"


class FunnelDayKept(Struct, frozen=True, kw_only=True):
    """One UTC day of one level ("" for everyone): the sessions read that came to each step, and the
    share of those that entered that came to the last."""

    day: date
    level: str
    reached: tuple[int, ...]
    passed: Estimate


class FunnelDaysReport(Struct, frozen=True, kw_only=True):
    """Oldest day first; `labels` are those of the steps."""

    basis: Basis
    funnel: str
    labels: tuple[str, ...]
    days: tuple[FunnelDayKept, ...]

    def frame(self) -> pd.DataFrame:
        """One row a day and level."""
        return pd.DataFrame(
            [
                {
                    "day": row.day,
                    "level": row.level or "everyone",
                    **{f"step_{n}": count for n, count in enumerate(row.reached, 1)},
                    "passed": row.passed.value,
                    "passed_low": row.passed.low,
                    "passed_high": row.passed.high,
                }
                for row in self.days
            ]
        )


def funnel_days(snapshot: Snapshot, funnel: str) -> FunnelDaysReport | None:
    """All that was kept of the funnel as it is now; None when nothing was."""
    rows = snapshot.rows(query("funnel_days"), {"funnel": funnel})
    if not rows:
        return None
    days, labels = [], ()
    for (day, level), steps in groupby(rows, key=lambda row: (row[0], row[1])):
        counted = list(steps)
        labels = tuple(row[3] for row in counted)
        entered, through = counted[0], counted[-1]
        days.append(
            FunnelDayKept(
                day=day,
                level=level,
                reached=tuple(row[4] for row in counted),
                passed=share(through[5], entered[5], entered[6], entered[4]),
            )
        )
    first, last = (datetime.combine(each.day, time(), tzinfo=UTC) for each in (days[0], days[-1]))
    return FunnelDaysReport(
        basis=Basis(
            definition=DEFINITION,
            start=first,
            end=last + timedelta(days=1),
            generated=any(row[7] for row in rows),
            note="a snapshot of each finished day, of all that was kept in detail then",
        ),
        funnel=funnel,
        labels=labels,
        days=tuple(days),
    )
