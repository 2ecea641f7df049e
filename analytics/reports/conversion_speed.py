"""Speed against conversion: how often sessions come to an event, by the LCP of their landing view,
and below which being faster goes with no more of it."""

from collections.abc import Sequence
from datetime import datetime
from statistics import NormalDist

import numpy as np
import pandas as pd
from msgspec import Struct, structs

from analytics.basis import Basis, Estimate
from analytics.by_day import only, query_by_day
from analytics.estimates import Difference, Z, recovered, share
from analytics.funnel_sessions import share_of
from analytics.question import SiteScope, Unit, Window
from analytics.sampling import Days, Reading, basis, read
from analytics.sql import query
from analytics.visitors import visitor_columns
from store.snapshot import Snapshot

DEFINITION = "conversion_speed"
EDGES_MS = (0.0, 1000.0, 1500.0, 2000.0, 2500.0, 3000.0, 4000.0, 5000.0, 7000.0)
SAME_POINTS = 0.03
"""Bins that differ by less, surely, are the same for this question."""
SESSIONS_MIN = 2_000
"""In the sample; with fewer, all that is kept is read."""


class SpeedBin(Struct, frozen=True, kw_only=True):
    """Sessions that landed with an LCP over `low_ms` up to `high_ms` (None: open), and the share
    of them that came to the event."""

    low_ms: float
    high_ms: float | None
    sessions: int
    converted: int
    share: Estimate


class ConversionSpeedReport(Struct, frozen=True, kw_only=True):
    """`flat_below_ms` is where it surely flattens; None: that cannot be said."""

    basis: Basis
    event: str
    page: str
    bins: tuple[SpeedBin, ...]
    flat_below_ms: float | None
    sentence: str

    def frame(self) -> pd.DataFrame:
        """One row a bin."""
        return pd.DataFrame(
            [
                {
                    **{
                        name: value
                        for name, value in structs.asdict(each).items()
                        if name != "share"
                    },
                    "share": each.share.value,
                    "share_low": each.share.low,
                    "share_high": each.share.high,
                    "withheld": each.share.withheld.value if each.share.withheld else None,
                }
                for each in self.bins
            ]
        )


def conversion_speed(
    snapshot: Snapshot,
    scope: SiteScope,
    window: Window,
    event: str,
    *,
    now: datetime,
    page: str = "",
    device: str = "",
    level: str = "",
    sample: float | None = None,
) -> ConversionSpeedReport:
    """Of sessions that landed in the window, on `page` or any. Raises ValueError for a sample
    outside 0..1."""
    window = Window(window.start, max(window.start, min(window.end, now)))

    def at(reading: Reading) -> pd.DataFrame:
        landed = query_by_day(
            snapshot,
            reading,
            window,
            "landing_speed",
            query("landing_views"),
            asked={"event": event, "page": page or None},
            columns=visitor_columns(reading),
            moment="landed_us",
        )
        frame: pd.DataFrame = (
            only(landed, device=device, level=level).drop(["device", "level"]).to_pandas()
        )
        return frame

    days = Days(window.first_day, window.last_day)
    frame, reading = read(
        snapshot, scope, days, sample, at, lambda found: len(found) < SESSIONS_MIN
    )
    bins = _bins(frame, of_users=reading.unit is Unit.USER)
    flat, sentence = flattening(bins, event)
    return ConversionSpeedReport(
        basis=basis(snapshot, reading, DEFINITION, window),
        event=event,
        page=page,
        bins=bins,
        flat_below_ms=flat,
        sentence=sentence,
    )


def _bins(frame: pd.DataFrame, *, of_users: bool) -> tuple[SpeedBin, ...]:
    values = frame["lcp_ms"].to_numpy(dtype=np.float64)
    places = np.clip(np.searchsorted(EDGES_MS, values, side="left") - 1, 0, None)
    weight = frame["weight"].to_numpy(dtype=np.float64)
    converted = frame["converted"].to_numpy(dtype=np.bool_)
    visitor = frame["visitor" if of_users else "session"].to_numpy(dtype=np.uint64)
    found = []
    for place, low in enumerate(EDGES_MS):
        part = places == place
        found.append(
            SpeedBin(
                low_ms=low,
                high_ms=EDGES_MS[place + 1] if place + 1 < len(EDGES_MS) else None,
                sessions=int(part.sum()),
                converted=int((part & converted).sum()),
                share=share_of(weight, visitor, converted, part, of_users=of_users),
            )
        )
    return tuple(found)


def flattening(bins: Sequence[SpeedBin], event: str) -> tuple[float | None, str]:
    """The edge below which conversion is surely flat and above which it surely is lower, the
    highest where several are, and the sentence that says so, or what can be said instead.

    Flat: each bin below differs from all the others below by less than SAME_POINTS, with its
    interval; lower: the sessions above convert less. Both at 95 % over all edges looked at.
    """
    shown = [each for each in bins if each.share.value is not None]
    edges = [each.high_ms for each in shown[:-1] if each.high_ms is not None]
    if not edges:
        return None, "Too few sessions to say how speed goes with it."
    z = NormalDist().inv_cdf(1 - 0.025 / len(edges))
    whole = None
    for edge in reversed(edges):
        below = [each for each in shown if each.high_ms is not None and each.high_ms <= edge]
        above = [each for each in shown if each not in below]
        slower = _difference(below, above, z)
        if slower is None or slower.low <= 0:
            continue
        whole = whole or (edge, slower)
        if len(below) > 1 and all(_same(each, below, z) for each in below):
            return edge, (
                f"Below {_seconds(edge)} it is flat: being faster goes with no more"
                f" {event}, within {SAME_POINTS * 100:.0f} points. Sessions that landed slower"
                f" came to it less often, by {slower.low * 100:.1f} to"
                f" {slower.high * 100:.1f} points."
            )
    if whole is None:
        return None, "No difference between fast and slow landings can be told."
    edge, slower = whole
    return None, (
        f"Sessions that landed slower than {_seconds(edge)} came to {event} less often, by"
        f" {slower.low * 100:.1f} to {slower.high * 100:.1f} points. Where it flattens cannot be"
        " told."
    )


def _same(one: SpeedBin, all_: Sequence[SpeedBin], z: float) -> bool:
    difference = _difference([one], [each for each in all_ if each is not one], z)
    return (
        difference is not None and difference.low > -SAME_POINTS and difference.high < SAME_POINTS
    )


def _difference(
    ones: Sequence[SpeedBin], others: Sequence[SpeedBin], z: float
) -> Difference | None:
    ends = [_pooled(each, z) for each in (ones, others)]
    if ends[0] is None or ends[1] is None:
        return None
    return recovered(ends[0], ends[1])


def _pooled(bins: Sequence[SpeedBin], z: float) -> tuple[float, float, float] | None:
    """The share of several bins and its interval at `z`, their effective sizes added up."""
    n = sum(each.share.effective_n for each in bins)
    if not n:
        return None
    value = sum((each.share.value or 0.0) * each.share.effective_n for each in bins) / n
    # Wilson's interval at z is that at Z of a sample (Z / z)^2 as large.
    estimate = share(value * n * (Z / z) ** 2, n * (Z / z) ** 2, n * (Z / z) ** 2, 1_000_000)
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    return estimate.value, estimate.low, estimate.high


def _seconds(ms: float) -> str:
    return f"{ms / 1000:g} s"
