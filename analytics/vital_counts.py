"""Histograms of vitals by day and device, as the store keeps them longer than views."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analytics.by_day import hot_by_cell, midnight
from analytics.coded import coded
from analytics.distinct import distinct
from analytics.question import Window
from analytics.reading import Days
from analytics.sql import query, with_read
from analytics.times import aware
from analytics.vital_days import Floats, Histogram
from analytics.vital_sums import Places
from store.snapshot import Snapshot

SESSIONS = -(1 << 15)
"""In place of a bucket, for how many sessions' views those of a place are; below all buckets."""
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
    of_pages: Sequence[str] | None = None,
) -> dict[tuple[str, str], ByDay]:
    """Of each vital, and of each page among `of_pages`; without these the page is "": the `page`
    chosen, or all."""
    by_page = of_pages is not None
    asked = {"site": site, "vitals": list(vitals), "level": level or None, "by_page": by_page}
    text, one = with_read("vital_counted", "vital_buckets"), {"page": page or None}

    def counted(days: Days, _: Window) -> pa.Table:
        return snapshot.arrow(text, {**asked, **one, **_span(days)})

    window = Window(midnight(days.first), midnight(days.last + timedelta(days=1)))
    hot = hot_by_cell(snapshot, site, days, window, {"query": text, **asked, **one}, counted)
    pages = [page] if page else None
    if of_pages is not None:  # of hot days what all pages say is kept
        pages = list(of_pages)
        hot = hot.filter(pc.is_in(hot["page"], value_set=pa.array(pages, pa.string())))
    sealed = snapshot.arrow(query("vital_sealed"), {**asked, **_span(days), "pages": pages})
    return _by_place(snapshot, sealed, hot)


def _span(days: Days) -> dict[str, date]:
    return {"first_day": days.first, "last_day": days.last}


def _by_place(snapshot: Snapshot, sealed: pa.Table, hot: pa.Table) -> dict[tuple[str, str], ByDay]:
    """The numbers of each place and bucket added up."""
    keys, places = _places(pa.concat_tables([sealed.select(PLACE), hot.select(PLACE)]))
    of_sealed, of_hot = np.split(places, [len(sealed)])
    lengths = pc.list_value_length(sealed["buckets"]).to_numpy()
    times = np.repeat(sealed["counted"].to_numpy(), lengths)
    parts = (
        (of_sealed, np.full(len(sealed), SESSIONS), sealed["sessions"].to_numpy()),
        (
            np.repeat(of_sealed, lengths),
            pc.list_flatten(sealed["buckets"]).to_numpy(),
            pc.list_flatten(sealed["numbers"]).to_numpy() / times,
        ),
        (of_hot, hot["bucket"].fill_null(SESSIONS).to_numpy(), hot["number"].to_numpy()),
    )
    place, bucket, number = (np.concatenate(each) for each in zip(*parts, strict=True))
    buckets, nth = distinct(bucket.astype(np.int64))
    codes, at = distinct(place * max(1, len(buckets)) + nth)
    numbers = np.bincount(at, number, len(codes)).astype(np.float64)
    nth = codes % max(1, len(buckets))
    values = _values(snapshot, buckets)[nth]
    # Each place begins with its sessions.
    edges = pairwise([*np.flatnonzero(nth == 0).tolist(), len(codes)])
    found: defaultdict[tuple[str, str], ByDay] = defaultdict(dict)
    for (vital, page, day, device), (first, end) in zip(keys, edges, strict=True):
        scale = THOUSANDTHS if vital == "cls" else 1.0
        found[vital, page][day, device] = Histogram(
            values[first + 1 : end] / scale, numbers[first + 1 : end], float(numbers[first])
        )
    return dict(found)


def _places(rows: pa.Table) -> tuple[list[tuple[str, str, date, str]], Places]:
    """The places there are, and each row's among them."""
    codes = np.zeros(len(rows), dtype=np.int64)
    columns = [coded(rows[name]) for name in PLACE]
    for each in columns:
        codes = codes * len(each.names) + each.codes
    first, place = np.unique(codes, return_index=True, return_inverse=True)[1:]
    keys = zip(*(each[first].texts() for each in columns), strict=True)
    return list(keys), place


def _values(snapshot: Snapshot, buckets: Places) -> Floats:
    """What stands for the values of each bucket; of SESSIONS it means nothing."""
    ((values,),) = snapshot.rows(query("bucket_values"), {"buckets": buckets.tolist()})
    return np.array(values, dtype=np.float64)


def releases(snapshot: Snapshot, site: str) -> dict[str, datetime]:
    """Since when each release is known."""
    rows = snapshot.rows(query("releases_known"), {"site": site, "most": RELEASES_MAX})
    return {release: aware(since) for release, since in rows}
