"""Which views of a page stand in a recording: what a picture of the page can be made of."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from analytics.question import Window
from analytics.sql import query
from analytics.times import aware, naive
from store.snapshot import Snapshot

VIEWS_MAX = 5


class RecordedView(Struct, frozen=True, kw_only=True):
    """A view within a recorded page load. `until` is None where it was the load's last."""

    session: str
    load: int
    start: datetime
    until: datetime | None


def recorded_views(
    snapshot: Snapshot, site: str, window: Window, page: str, device: str = ""
) -> list[RecordedView]:
    """The newest ones of the window, VIEWS_MAX at most."""
    first, last = window.first_day, window.last_day
    found = snapshot.rows(
        query("clicks_recorded"),
        {
            "site": site,
            "files": snapshot.detail_files([site], first, last, rest=True),
            "first_day": first,
            "last_day": last,
            "start": naive(window.start),
            "end": naive(window.end),
            "page": page,
            "device": device or None,
            "most": VIEWS_MAX,
        },
    )
    return [
        RecordedView(
            session=UUID(session).hex,
            load=load,
            start=aware(start),
            until=aware(until) if until else None,
        )
        for session, load, start, until in found
    ]
