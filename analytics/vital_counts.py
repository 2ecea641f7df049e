"""Histograms of a vital by day and device, as the store keeps them longer than views."""

from collections import defaultdict
from datetime import date, datetime
from itertools import pairwise

import numpy as np
import pandas as pd

from analytics.sampling import Days
from analytics.sql import query, with_read
from analytics.times import aware
from analytics.vital_days import Floats, Histogram
from store.snapshot import Snapshot

THOUSANDTHS = 1000.0
"""In which the store's histograms hold CLS."""
RELEASES_MAX = 200

ByDay = dict[tuple[date, str], Histogram]
"""By day and device."""


def histograms(
    snapshot: Snapshot,
    site: str,
    days: Days,
    vital: str,
    *,
    page: str = "",
    level: str = "",
    by_page: bool = False,
) -> dict[str, ByDay]:
    """Of each page when `by_page`, else of the one chosen, or of all together under its name."""
    parameters = {
        "site": site,
        "first_day": days.first,
        "last_day": days.last,
        "vital": vital,
        "page": page or None,
        "level": level or None,
        "by_page": by_page,
    }
    frame = snapshot.frame(with_read("vital_counted", "vital_buckets"), parameters)
    sessions = {
        tuple(place): number
        for *place, number in snapshot.rows(
            with_read("vital_counted", "vital_sessions"), parameters
        )
    }
    scale = THOUSANDTHS if vital == "cls" else 1.0
    found: defaultdict[str, ByDay] = defaultdict(dict)
    if not by_page:
        found[page] = {}
    for name, day, device, values, views in _groups(frame):
        found[name if by_page else page][day, device] = Histogram(
            values / scale, views, float(sessions[name, day, device])
        )
    return dict(found)


def releases(snapshot: Snapshot, site: str) -> dict[str, datetime]:
    """Since when each release is known."""
    rows = snapshot.rows(query("releases_known"), {"site": site, "most": RELEASES_MAX})
    return {release: aware(since) for release, since in rows}


Group = tuple[str, date, str, Floats, Floats]


def _groups(frame: pd.DataFrame) -> list[Group]:
    """Page, day, device, values and views; rows come in that order."""
    keys = frame[["page", "day", "device"]].to_numpy(dtype=object)
    values = frame["value"].to_numpy(dtype=np.float64)
    views = frame["views"].to_numpy(dtype=np.float64)
    if not len(keys):
        return []
    starts = [0, *(np.flatnonzero((keys[1:] != keys[:-1]).any(axis=1)) + 1).tolist(), len(keys)]
    groups = []
    for first, end in pairwise(starts):
        page, day, device = keys[first]
        of_day = pd.Timestamp(day).date()
        groups.append((str(page), of_day, str(device), values[first:end], views[first:end]))
    return groups
