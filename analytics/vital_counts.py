"""Histograms of vitals by day and device, as the store keeps them longer than views."""

from collections import defaultdict
from collections.abc import Sequence, Set
from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.by_day import hot_by_cell, midnight
from analytics.question import Window
from analytics.reading import Days
from analytics.sql import query, with_read
from analytics.times import aware
from analytics.vital_days import Histogram
from store.snapshot import Snapshot

THOUSANDTHS = 1000.0
"""In which the store's histograms hold CLS."""
RELEASES_MAX = 200
PLACE = ["vital", "page", "day", "device"]

ByDay = dict[tuple[date, str], Histogram]
"""By day and device."""


def histograms(
    snapshot: Snapshot,
    site: str,
    days: Days,
    vitals: Sequence[str],
    *,
    page: str = "",
    level: str = "",
    by_page: bool = False,
) -> dict[tuple[str, str], ByDay]:
    """Of each vital and page when `by_page`; else the page is "": the one chosen, or all."""
    text = with_read("vital_counted", "vital_buckets")
    asked = {
        "site": site,
        "vitals": list(vitals),
        "page": page or None,
        "level": level or None,
        "by_page": by_page,
    }

    def counted(days: Days, _: Window) -> pa.Table:
        return snapshot.arrow(text, {**asked, "first_day": days.first, "last_day": days.last})

    window = Window(midnight(days.first), midnight(days.last + timedelta(days=1)))
    parts = hot_by_cell(snapshot, site, days, window, {"query": text, **asked}, counted)
    rows = _added(parts, snapshot.cells.hot.days(site))
    found: defaultdict[tuple[str, str], ByDay] = defaultdict(dict)
    values = rows["value"].to_numpy()
    numbers = rows["number"].to_numpy()
    # Each place begins with its row without a bucket.
    starts = np.flatnonzero(np.isnan(values))
    keys = zip(*(rows[name].take(pa.array(starts)).to_pylist() for name in PLACE), strict=True)
    edges = pairwise([*starts.tolist(), len(values)])
    for (vital, name, day, device), (first, end) in zip(keys, edges, strict=True):
        scale = THOUSANDTHS if vital == "cls" else 1.0
        found[vital, name][day, device] = Histogram(
            values[first + 1 : end] / scale, numbers[first + 1 : end], float(numbers[first])
        )
    return dict(found)


def _added(parts: pa.Table, hot: Set[date]) -> pa.Table:
    """The numbers of each place and bucket added up; a place begins with its row without one. Days
    that are not hot lie in one part alone, and come so."""
    several = pc.is_in(parts["day"], value_set=pa.array(sorted(hot), parts["day"].type))
    keys = [*PLACE, "bucket", "value"]
    added = parts.filter(several).group_by(keys).aggregate([("number", "sum")])
    added = added.rename_columns([*keys, "number"]).sort_by(
        [(name, "ascending", "at_start") for name in (*PLACE, "bucket")]
    )
    return pa.concat_tables([parts.filter(pc.invert(several)).select(added.column_names), added])


def releases(snapshot: Snapshot, site: str) -> dict[str, datetime]:
    """Since when each release is known."""
    rows = snapshot.rows(query("releases_known"), {"site": site, "most": RELEASES_MAX})
    return {release: aware(since) for release, since in rows}
