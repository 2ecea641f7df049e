"""How fast the disk fills, and when it will be full if it goes on so."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from analytics.sql import query
from analytics.times import aware, naive
from store.snapshot import Snapshot

WINDOW = timedelta(days=7)
SPAN_MIN = timedelta(days=1)
"""Between the first and the last sample: a day's own rhythm is no growth."""
DAY_S = 86_400.0
DAYS_MAX = 3_650.0


class GrowthReport(Struct, frozen=True, kw_only=True):
    """Growth over the last WINDOW, in bytes a day: of what is ours, and of what fills the disk,
    whoever writes it. None until samples span SPAN_MIN.

    Each is the slope of the line that fits the hourly samples best (least squares), so that a day
    that is sealed, or a file that is rewritten, does not count as a trend.
    """

    samples: int
    first: datetime | None
    own_a_day: float | None
    disk_a_day: float | None

    def days_left(self, free_bytes: int, reserve_bytes: int) -> float | None:
        """Until less than `reserve_bytes` would be free: room above it, by the faster of the two
        growths. None while they are not known, or nothing grows; DAYS_MAX at most."""
        if self.own_a_day is None or self.disk_a_day is None:
            return None
        a_day = max(self.own_a_day, self.disk_a_day)
        if a_day <= 0:
            return None
        return min(DAYS_MAX, max(0.0, (free_bytes - reserve_bytes) / a_day))


def growth(snapshot: Snapshot, now: datetime) -> GrowthReport:
    rows = snapshot.rows(
        query("resource_samples"), {"since": naive(now - WINDOW), "now": naive(now)}
    )
    times = [aware(at) for at, _, _ in rows]
    known = bool(times) and times[-1] - times[0] >= SPAN_MIN
    return GrowthReport(
        samples=len(rows),
        first=times[0] if times else None,
        own_a_day=_slope_a_day(times, [own for _, own, _ in rows]) if known else None,
        disk_a_day=-_slope_a_day(times, [free for _, _, free in rows]) if known else None,
    )


def _slope_a_day(times: Sequence[datetime], values: Sequence[float]) -> float:
    """Of the least-squares line; the times are not all the same."""
    days = [(at - times[0]).total_seconds() / DAY_S for at in times]
    mean_day, mean = sum(days) / len(days), sum(values) / len(values)
    spread = sum((day - mean_day) ** 2 for day in days)
    joint = sum((d - mean_day) * (v - mean) for d, v in zip(days, values, strict=True))
    return joint / spread
