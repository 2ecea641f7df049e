"""What paths are made of: views in order, an event among them, and whose the sessions are."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from analytics.by_day import by_day
from analytics.cohort import Cohort, Mask
from analytics.in_order import columns_in_order
from analytics.path_steps import EVENT, Numbers, Runs, runs_of
from analytics.question import UNDECLARED, Window
from analytics.sampling import Reading
from analytics.sql import query, with_read
from analytics.times import naive, to_us
from store.snapshot import Snapshot

Hashes = NDArray[np.uint64]

IDLE = timedelta(minutes=15)
"""Without a sign of life for so long, a session is over."""


class PathViews(Struct, frozen=True):
    """What was read: views in order with the event among them, and whose each session is."""

    session: Numbers
    code: Numbers
    time_us: Numbers
    cohort: Cohort
    still_open: Mask
    pages: Sequence[str]


def read_views(
    snapshot: Snapshot, reading: Reading, window: Window, event: str, now: datetime
) -> PathViews:
    seen: dict[Window, Hashes] = {}

    def views(part: Reading, span: Window) -> pa.Table:
        text = with_read(part.fragment, "paths_views")
        edges = {"from": naive(span.start), "until": naive(span.end)}
        asked = {**part.parameters, **edges, "event": event}
        columns = columns_in_order(snapshot, part, text, asked)
        seen[span] = np.unique(columns["who"])
        return pa.table(columns)

    def whose(part: Reading, span: Window) -> pa.Table:
        if span not in seen:
            views(part, span)
        came = {"seen": pa.table({"who": seen[span]})}
        return snapshot.arrow(query("paths_who"), part.summaries(snapshot), came)

    question = {"report": "paths", "form": 1, "event": event}
    # A session lies in one part, and its rows are together there, and in order.
    found = by_day(snapshot, reading, window, {**question, "of": "views"}, views)
    known = by_day(snapshot, reading, window, {**question, "of": "who"}, whose)
    who, viewed = found["who"].to_numpy(), found["viewed"].to_numpy()
    begins = np.ones(len(who), dtype=np.bool_)
    begins[1:] = who[1:] != who[:-1]
    level, visitor, last_us = _whose(known, who[begins])
    pages, page = _pages(snapshot, reading, found["page"].to_numpy()[viewed])
    code = np.full(len(who), EVENT)
    code[viewed] = page
    weight = found["weight"].to_numpy()[begins]
    return PathViews(
        session=np.cumsum(begins) - 1,
        code=code,
        time_us=found["time_us"].to_numpy(),
        cohort=Cohort(level=level, visitor=visitor, weight=weight),
        still_open=last_us >= to_us(now - IDLE),
        pages=pages,
    )


def _whose(known: pa.Table, sessions: Hashes) -> tuple[NDArray[np.object_], Hashes, Numbers]:
    """Of each session its level, its visitor, and when it was last heard of."""
    level = np.full(len(sessions), UNDECLARED, dtype=object)
    visitor, last_us = sessions.copy(), np.zeros(len(sessions), dtype=np.int64)
    if len(sessions):
        who = known["who"].to_numpy()
        order, asked = np.argsort(sessions), np.argsort(who)
        place = np.empty(len(who), dtype=np.int64)
        # What is looked for in order is found several times as quickly.
        place[asked] = order[np.searchsorted(sessions[order], who[asked])]
        level[place] = known["level"].to_pandas().to_numpy(dtype=object)
        visitor[place] = known["visitor"].to_numpy()
        last_us[place] = known["last_us"].to_numpy()
    return level, visitor, last_us


def _pages(snapshot: Snapshot, reading: Reading, hashed: Hashes) -> tuple[list[str], Numbers]:
    """The pages by name, and of each view its page's place among them."""
    of_site = {
        "site": reading.site,
        "first_day": reading.days.first,
        "last_day": reading.days.last,
    }
    named = snapshot.rows(query("paths_pages"), of_site)
    places = _places([hash_ for _, hash_ in named], hashed)
    if places is None:
        named = snapshot.rows(with_read(reading.fragment, "paths_pages_read"), reading.parameters)
        places = _places([hash_ for _, hash_ in named], hashed)
        assert places is not None, "a view has a page"
    return [page for page, _ in named], places


def _places(known: Sequence[int], hashed: Hashes) -> Numbers | None:
    """Where each is among the known ones; None where one is not."""
    if not len(hashed):
        return np.empty(0, dtype=np.int64)
    if not known:
        return None
    hashes = np.array(known, dtype=np.uint64)
    order = np.argsort(hashes)
    at = np.minimum(np.searchsorted(hashes[order], hashed), len(order) - 1)
    return order[at] if bool((hashes[order][at] == hashed).all()) else None


def runs_among(views: PathViews, members: Mask, *, views_only: bool = False) -> Runs:
    """The runs of the sessions that are members; of others there are none."""
    kept = members[views.session]
    if views_only:
        kept &= views.code != EVENT
    session, code, time_us = views.session, views.code, views.time_us
    if not kept.all():
        session, code, time_us = session[kept], code[kept], time_us[kept]
    return runs_of(session, code, time_us, len(views.still_open))
