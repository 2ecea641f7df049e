"""What paths are made of: views in order, an event among them, and whose the sessions are."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from msgspec import Struct

from analytics.cohort import Cohort, Mask
from analytics.path_steps import EVENT, Numbers, Runs, runs_of
from analytics.question import Window
from analytics.sampling import Reading
from analytics.sql import with_read
from analytics.times import naive, to_us
from store.snapshot import Snapshot

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
    span = {"from": naive(window.start), "until": naive(window.end)}
    parameters = {**reading.parameters, **span}
    listed = snapshot.rows(with_read(reading.fragment, "paths_pages"), parameters)
    pages = [page for (page,) in listed]
    rows = snapshot.frame(
        with_read(reading.fragment, "paths_views"),
        {**parameters, "pages": pages, "event": event},
    )
    who = snapshot.frame(with_read(reading.fragment, "paths_who"), parameters)
    hashed = rows["session"].to_numpy(dtype=np.uint64)
    begins = np.ones(len(hashed), dtype=np.bool_)
    begins[1:] = hashed[1:] != hashed[:-1]
    known = who["session"].to_numpy(dtype=np.uint64)
    order = np.argsort(known)
    place = order[np.searchsorted(known, hashed[begins], sorter=order)]
    last_us = who["last_us"].to_numpy(dtype=np.int64)[place]
    return PathViews(
        session=np.cumsum(begins) - 1,
        code=rows["code"].to_numpy(dtype=np.int64),
        time_us=rows["time_us"].to_numpy(dtype=np.int64),
        cohort=Cohort(
            level=who["level"].to_numpy(dtype=object)[place],
            visitor=who["visitor"].to_numpy(dtype=np.uint64)[place],
            weight=rows["weight"].to_numpy(dtype=np.float64)[begins],
        ),
        still_open=last_us >= to_us(now - IDLE),
        pages=pages,
    )


def runs_among(views: PathViews, members: Mask, *, views_only: bool = False) -> Runs:
    """The runs of the sessions that are members; of others there are none."""
    kept = members[views.session]
    if views_only:
        kept &= views.code != EVENT
    return runs_of(
        views.session[kept], views.code[kept], views.time_us[kept], len(views.still_open)
    )
