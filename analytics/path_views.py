"""What paths are made of: views in order, an event among them, and whose the sessions are."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct
from numpy.typing import NDArray

from analytics.by_day import by_day
from analytics.coded import coded
from analytics.cohort import Cohort, Mask
from analytics.in_order import Columns, columns_in_order
from analytics.path_steps import EVENT, Codes, Numbers, Runs, runs_of
from analytics.question import UNDECLARED, Window
from analytics.sampling import Reading
from analytics.sql import query, with_read
from analytics.times import naive, to_us
from store.snapshot import Snapshot

Hashes = NDArray[np.uint64]

IDLE = timedelta(minutes=15)
"""Without a sign of life for so long, a session is over."""


class PathViews(Struct, frozen=True, kw_only=True):
    """What was read: views in order with the event among them, repeats of one page or event left
    out, and whose each session is. `session` numbers the sessions from 0, in order."""

    session: Codes
    code: Codes
    time_us: Numbers
    cohort: Cohort
    still_open: Mask
    pages: Sequence[str]


def read_views(
    snapshot: Snapshot, reading: Reading, window: Window, event: str, now: datetime
) -> PathViews:
    def sessions(part: Reading, span: Window) -> pa.Table:
        text = with_read(part.fragment, "paths_views")
        edges = {"from": naive(span.start), "until": naive(span.end)}
        asked = {**part.parameters, **edges, "event": event}
        columns = columns_in_order(snapshot, part, text, asked)
        came = {"seen": pa.table({"who": np.unique(columns["who"])})}
        known = snapshot.arrow(query("paths_who"), part.summaries(snapshot), came)
        return _by_session(columns, known)

    question = {"report": "paths", "form": 2, "event": event}
    # A session lies in one part, and its views are together there, and in order.
    found = by_day(snapshot, reading, window, question, sessions)
    pages, code = _coded(snapshot, reading, found["page"])
    views = pc.list_value_length(found["page"]).to_numpy()
    return PathViews(
        session=np.repeat(np.arange(len(found), dtype=np.int32), views),
        code=code,
        time_us=pc.list_flatten(found["time_us"]).to_numpy(),
        cohort=Cohort(
            level=coded(found["level"]),
            visitor=found["visitor"].to_numpy(),
            weight=found["weight"].to_numpy(),
        ),
        still_open=found["last_us"].to_numpy() >= to_us(now - IDLE),
        pages=pages,
    )


def _by_session(views: Columns, known: pa.Table) -> pa.Table:
    """A row a session: whose it is, and of its views in order the pages' hashes, None for the
    event, and when each was first looked at."""
    who, page, viewed = views["who"], views["page"], views["viewed"]
    begins = np.ones(len(who), dtype=np.bool_)
    begins[1:] = who[1:] != who[:-1]
    fresh = begins.copy()
    fresh[1:] |= (viewed[1:] != viewed[:-1]) | (viewed[1:] & (page[1:] != page[:-1]))
    sessions = who[begins]
    level, visitor, last_us = _whose(known, sessions)
    ends = pa.array(np.append(np.flatnonzero(begins[fresh]), np.count_nonzero(fresh)), pa.int32())
    pages = pa.array(page[fresh], mask=~viewed[fresh]).dictionary_encode()
    return pa.table(
        {
            "weight": views["weight"][begins],
            "level": pa.array(level, pa.string()).dictionary_encode(),
            "visitor": visitor,
            "last_us": last_us,
            "page": pa.ListArray.from_arrays(ends, pages),
            "time_us": pa.ListArray.from_arrays(ends, pa.array(views["time_us"][fresh])),
        }
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


def _coded(
    snapshot: Snapshot, reading: Reading, viewed: pa.ChunkedArray
) -> tuple[list[str], Codes]:
    """The pages by name, and of each view its page's place among them, or EVENT. `viewed` are the
    pages' hashes, a list a session."""
    parts = [chunk.flatten() for chunk in viewed.chunks]
    pages, places = _pages(snapshot, reading, [each.dictionary.to_numpy() for each in parts])
    codes = [
        np.append(place, EVENT).astype(np.int32)[each.indices.fill_null(-1).to_numpy()]
        for each, place in zip(parts, places, strict=True)
    ]
    return pages, np.concatenate([np.empty(0, dtype=np.int32), *codes])


def _pages(
    snapshot: Snapshot, reading: Reading, parts: Sequence[Hashes]
) -> tuple[list[str], list[Numbers]]:
    """The pages by name, and of each part's hashes the places among them."""
    of_site = {
        "site": reading.site,
        "first_day": reading.days.first,
        "last_day": reading.days.last,
    }
    hashed = np.concatenate([np.empty(0, dtype=np.uint64), *parts])
    named = snapshot.rows(query("paths_pages"), of_site)
    places = _places([hash_ for _, hash_ in named], hashed)
    if places is None:
        named = snapshot.rows(with_read(reading.fragment, "paths_pages_read"), reading.parameters)
        places = _places([hash_ for _, hash_ in named], hashed)
        assert places is not None, "a view has a page"
    ends = np.cumsum([len(each) for each in parts])
    return [page for page, _ in named], np.split(places, ends[:-1]) if parts else []


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


def runs_among(views: PathViews, members: Mask | None, *, views_only: bool = False) -> Runs:
    """The runs of the sessions that are members (None: of all); of others there are none."""
    session, code, time_us = views.session, views.code, views.time_us
    kept = None if members is None else members[session]
    if views_only:
        kept = code != EVENT if kept is None else kept & (code != EVENT)
    if kept is not None:
        session, code, time_us = session[kept], code[kept], time_us[kept]
    return runs_of(session, code, time_us, len(views.still_open))
