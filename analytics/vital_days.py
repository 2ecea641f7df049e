"""A vital day by day and device, from histograms: its 75th percentile, and days that stand out."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from math import sqrt
from statistics import NormalDist

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate, Withheld
from analytics.estimates import (
    EFFECTIVE_N_MIN,
    Difference,
    place_of,
    recovered,
    wilson,
    withheld,
    woodruff,
)
from analytics.reports.vital_types import VitalChange, VitalDay
from analytics.vitals import VITALS

Floats = NDArray[np.float64]

QUANTILE = 0.75
FALSE_RATE = 0.01
"""Over all stretches, devices and pages looked at, of saying that one is slower when none is."""
SLOWER_MIN = 1.25
"""Times the 75th percentile of the other days, to be worth a sentence."""
STRETCH_DAYS_MAX = 60
DAYS_MIN = 4
"""Fewer have no usual."""
ALL_DEVICES = ""
_PLURAL = {"phone": "phones", "tablet": "tablets", "desktop": "desktops"}


class Histogram(Struct, frozen=True):
    """Ascending values in the vital's unit, how many views had each, and of how many sessions."""

    values: Floats
    views: Floats
    sessions: float

    @property
    def total(self) -> float:
        return float(self.views.sum())

    @property
    def effective_n(self) -> float:
        """Views of one session are alike: at most one of each counts in full."""
        return min(self.total, self.sessions)

    def at(self, q: float) -> float:
        return float(self.values[place_of(np.cumsum(self.views), q)])

    def over(self, limit: float) -> float:
        """The share of views above `limit`."""
        return float(self.views[self.values > limit].sum()) / self.total if self.total else 0.0


def merged(histograms: Sequence[Histogram]) -> Histogram:
    """All of them together."""
    values = np.concatenate([each.values for each in histograms] or [np.array([])])
    views = np.concatenate([each.views for each in histograms] or [np.array([])])
    known, places = np.unique(values, return_inverse=True)
    sums = np.bincount(places, views, len(known)).astype(np.float64)
    return Histogram(known, sums, sum(each.sessions for each in histograms))


def quantile_of(histogram: Histogram) -> Estimate:
    """The 75th percentile with Woodruff's interval, or why it is withheld."""
    if not histogram.total:
        return withheld(Withheld.NO_DATA, 0.0)
    return woodruff(
        histogram.values,
        np.cumsum(histogram.views),
        QUANTILE,
        histogram.effective_n,
        int(histogram.sessions),
    )


def trend(days: Mapping[tuple[date, str], Histogram]) -> tuple[VitalDay, ...]:
    """Each day for all devices and for each, by day."""
    found = []
    for day in sorted({day for day, _ in days}):
        of_day = {device: each for (on, device), each in days.items() if on == day}
        rows = {ALL_DEVICES: merged(list(of_day.values()))}
        rows |= {device: of_day[device] for device in sorted(of_day) if device}
        found += [
            VitalDay(day=day, device=device, p75=quantile_of(each), views=each.total)
            for device, each in rows.items()
        ]
    return tuple(found)


def changes(
    vital: str,
    days: Mapping[tuple[date, str], Histogram],
    releases: Mapping[str, datetime],
    today: date,
    *,
    page: str = "",
    pages: int = 1,
) -> tuple[VitalChange, ...]:
    """The stretch of days of each device that stands out most as slower, where one surely does.

    Every stretch is looked at, so the bound is for all of them together, on all of `pages` pages
    (Bonferroni), with the variance that days have among themselves, where that is more than chance.
    """
    devices = sorted({device for _, device in days if device})
    order = sorted({day for day, _ in days})
    found: dict[str, _Slower] = {}
    for device in devices:
        row = [days.get((day, device)) for day in order]
        if stretch := _stretch(vital, row, len(devices) * pages):
            inside, outside = _parted(row, *stretch)
            found[device] = _Slower(order[stretch[0]], order[stretch[1]], inside, outside)
    return tuple(
        _told(
            vital,
            page,
            device,
            slower,
            [each for each in devices if each not in found],
            releases,
            lasts=slower.last >= today - timedelta(days=1),
        )
        for device, slower in found.items()
    )


class _Slower(Struct, frozen=True):
    """A stretch of days, its views and those of the other days."""

    first: date
    last: date
    inside: Histogram
    outside: Histogram


def _stretch(vital: str, row: Sequence[Histogram | None], rows: int) -> tuple[int, int] | None:
    """The first and last place of the days that surely are slower than the others."""
    limit = VITALS[vital].good
    n = np.array([each.effective_n if each else 0.0 for each in row])
    hits = n * np.array([each.over(limit) if each else 0.0 for each in row])
    if np.count_nonzero(n) < DAYS_MIN:
        return None
    best = slowest(n, hits)
    if best is None:
        return None
    first, last = best.first, best.last
    z = best.z / sqrt(_dispersion(n, hits, first, last))
    if z < NormalDist().inv_cdf(1 - FALSE_RATE / (best.looked * rows)):
        return None
    inside, outside = _parted(row, first, last)
    if inside.at(QUANTILE) < SLOWER_MIN * outside.at(QUANTILE):
        return None
    return first, last


class _Best(Struct, frozen=True):
    """The stretch that stands out most, by how many standard deviations, of how many looked at."""

    first: int
    last: int
    z: float
    looked: int


def slowest(n: Floats, hits: Floats) -> _Best | None:
    """Of all stretches that are long enough, and no more than the other days."""
    first = np.repeat(np.arange(len(n)), np.minimum(len(n) - np.arange(len(n)), STRETCH_DAYS_MAX))
    last = first + np.arange(len(first)) - np.searchsorted(first, first)
    n_sum, hit_sum = np.concatenate([[0], n.cumsum()]), np.concatenate([[0], hits.cumsum()])
    inside_n = n_sum[last + 1] - n_sum[first]
    outside_n = n_sum[-1] - inside_n
    chosen = np.minimum(inside_n, outside_n) >= EFFECTIVE_N_MIN
    chosen &= inside_n <= outside_n
    if not chosen.any():
        return None
    first, last, inside_n, outside_n = (each[chosen] for each in (first, last, inside_n, outside_n))
    inside = (hit_sum[last + 1] - hit_sum[first]) / inside_n
    outside = (hit_sum[-1] - hit_sum[last + 1] + hit_sum[first]) / outside_n
    pooled = hit_sum[-1] / n_sum[-1]
    spread = np.sqrt(max(pooled * (1 - pooled), 1e-9) * (1 / inside_n + 1 / outside_n))
    z = (inside - outside) / spread
    at = int(np.argmax(z))
    return _Best(int(first[at]), int(last[at]), float(z[at]), len(z))


def _dispersion(n: Floats, hits: Floats, first: int, last: int) -> float:
    """How much more days differ among themselves, within the stretch and without, than chance
    would have them: Pearson's statistic by its degrees of freedom, at least 1."""
    inside = np.zeros(len(n), dtype=np.bool_)
    inside[first : last + 1] = True
    statistic = freedom = 0.0
    for part in (inside, ~inside):
        part &= n > 0
        share = hits[part].sum() / n[part].sum() if part.any() else 0.0
        if 0 < share < 1:
            expected = n[part] * share
            statistic += float(((hits[part] - expected) ** 2 / (expected * (1 - share))).sum())
            freedom += np.count_nonzero(part) - 1
    return max(1.0, statistic / freedom) if freedom else 1.0


def _parted(row: Sequence[Histogram | None], first: int, last: int) -> tuple[Histogram, Histogram]:
    inside = [each for each in row[first : last + 1] if each]
    outside = [each for each in [*row[:first], *row[last + 1 :]] if each]
    return merged(inside), merged(outside)


def _difference(inside: Histogram, outside: Histogram, limit: float) -> Difference:
    ends = []
    for each in (inside, outside):
        share = each.over(limit)
        ends.append((share, *wilson(share, each.effective_n)))
    return recovered(*ends)


def _told(
    vital: str,
    page: str,
    device: str,
    slower: _Slower,
    others: Sequence[str],
    releases: Mapping[str, datetime],
    *,
    lasts: bool,
) -> VitalChange:
    first, last = slower.first, slower.last
    when = f"since {_day(first)}" if lasts else f"from {_day(first)} to {_day(last)}"
    if first == last and not lasts:
        when = f"on {_day(first)}"
    p75, usual = slower.inside.at(QUANTILE), slower.outside.at(QUANTILE)
    difference = _difference(slower.inside, slower.outside, VITALS[vital].good)
    who = _PLURAL.get(device, device)
    sentence = (
        f"On {who}, {vital.upper()} was slower {when}: 75th percentile {_value(vital, p75)},"
        f" against {_value(vital, usual)} on the other days;"
        f" {difference.low * 100:.0f} to {difference.high * 100:.0f} points more of the views"
        f" were over {_value(vital, VITALS[vital].good)}"
    )
    if others:
        names = " and ".join(_PLURAL.get(each, each) for each in others)
        sentence += f". Not so on {names}"
    came = [name for name, at in releases.items() if 0 <= (first - at.date()).days <= 1]
    if came:
        sentence += f". Release {', '.join(sorted(came))} was first seen then"
    return VitalChange(
        vital=vital,
        page=page,
        device=device,
        first=first,
        last=last,
        lasts=lasts,
        p75=p75,
        usual=usual,
        sentence=f"{sentence}.",
    )


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"


def _value(vital: str, value: float) -> str:
    if vital == "cls":
        return f"{value:.2f}"
    return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"
