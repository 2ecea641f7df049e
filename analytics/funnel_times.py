"""When a funnel's sessions came and how long they took: a histogram, days, the period before."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate
from analytics.differences import Words, compare
from analytics.estimates import Floats, quantiles_in_order
from analytics.funnel_depths import depths
from analytics.funnel_sessions import FunnelSessions, Mask
from analytics.people import by_slot
from analytics.question import Unit, Window
from analytics.reports.funnel_types import FunnelBefore, FunnelDay, TookBin
from analytics.slots import DAY, slots_of_width
from analytics.times import to_us

WIDTHS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
BINS_MAX = 16
IN_BINS = 0.97
"""The share of conversions that the bins of one width hold; the slowest are in a last one."""
COMPARED_LEAST = timedelta(days=1)


class Conversions:
    """How long the conversions of groups of sessions took; sorted once for all that is asked."""

    def __init__(self, took_s: Floats, weight: Floats, group: NDArray[np.intp]) -> None:
        """Arrays of one length, a conversion each; `group` is its session's."""
        order = np.argsort(took_s)
        self._took_s, self._weight, self._group = took_s[order], weight[order], group[order]

    def quantiles(self, groups: Sequence[int], wanted: Sequence[float]) -> tuple[float | None, ...]:
        """Of the conversions of these groups; None where they are too few."""
        some = np.isin(self._group, list(groups))
        found = quantiles_in_order(self._took_s[some], self._weight[some], wanted)
        return tuple(each.value for each in found)


class Halves(Struct, frozen=True):
    """Two stretches of the same length, `start` to `cut` and `cut` to the window's end."""

    start: datetime
    cut: datetime
    bounded: bool


def took_bins(sessions: FunnelSessions) -> tuple[TookBin, ...]:
    """How long conversions took, in bins of one width that holds most of them."""
    took_s = sessions.took_s[~np.isnan(sessions.took_s)]
    if not len(took_s):
        return ()
    most_s = float(np.quantile(took_s, IN_BINS))
    width_s = next((each for each in WIDTHS_S if most_s < each * BINS_MAX), WIDTHS_S[-1])
    bins = int(most_s // width_s) + 1
    counts = np.bincount(np.minimum(took_s // width_s, bins).astype(np.intp), minlength=bins + 1)
    found = [
        TookBin(from_s=n * width_s, to_s=(n + 1) * width_s, converted=int(counts[n]))
        for n in range(bins)
    ]
    if counts[bins]:
        found.append(TookBin(from_s=bins * width_s, to_s=None, converted=int(counts[bins])))
    return tuple(found)


def days_of_entry(
    sessions: FunnelSessions, steps: int, window: Window, levels: Sequence[str]
) -> tuple[FunnelDay, ...]:
    """Each UTC day of the window."""
    slots = slots_of_width(window, DAY)
    people = by_slot(sessions, steps, slots, levels)
    return tuple(
        FunnelDay(
            start=max(slots.window(n).start, window.start),
            end=min(slots.window(n).end, window.end),
            entered={level: counts[n] for level, counts in people.entered.items()},
            passed={level: shares[n] for level, shares in people.passed.items()},
        )
        for n in range(slots.count)
    )


def halves_of(window: Window, kept_from: datetime) -> Halves | None:
    """What to compare, of detail kept from `kept_from` on: the window with as long before it, else
    the two halves of what there is; None where these are under a day."""
    length = window.end - window.start
    if window.start - length >= kept_from:
        return Halves(window.start - length, window.start, bounded=False)
    half = (window.end - max(kept_from, window.start - length)) / 2
    if half < COMPARED_LEAST:
        return None
    return Halves(window.end - 2 * half, window.end - half, bounded=True)


def before(
    sessions: FunnelSessions, earlier: FunnelSessions, steps: int, halves: Halves, unit: Unit
) -> FunnelBefore:
    """Those of `sessions` that entered from the cut on, against `earlier` ones."""
    now = _through(sessions, sessions.entered_us >= to_us(halves.cut), steps)
    then = _through(earlier, np.ones(len(earlier.depth), dtype=np.bool_), steps)
    noun = "sessions" if unit is Unit.SESSION else "users"
    words = Words(noun, "in the period before", "get through less often", "get through more often")
    compared = compare(now, then, words)
    return FunnelBefore(
        start=halves.start,
        cut=halves.cut,
        bounded=halves.bounded,
        now=now,
        then=then,
        told=compared.told,
        sentence=f"{compared.sentence[:1].upper()}{compared.sentence[1:]}.",
    )


def _through(sessions: FunnelSessions, members: Mask, steps: int) -> Estimate:
    return depths(sessions, members, steps).share(steps, 1)
