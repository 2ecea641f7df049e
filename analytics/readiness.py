"""What the store says of whether a journey is watched well enough to be released."""

from datetime import datetime, timedelta

from msgspec import Struct

from analytics.question import Window
from analytics.sql import query, with_read
from analytics.times import naive
from rum.records import EventKind
from store.snapshot import Snapshot

SEEN_WITHIN = timedelta(hours=24)


class Seen(Struct, frozen=True, kw_only=True):
    """Of the last day: views by page, events by name, clicks by element, the latest release and
    whether its source maps are kept."""

    pages: dict[str, int]
    events: dict[str, int]
    clicks: dict[str, int]
    release: str
    source_maps: bool


def seen_lately(snapshot: Snapshot, site: str, now: datetime) -> Seen:
    window = Window(now - SEEN_WITHIN, now)
    counts = snapshot.rows(
        with_read("counted", "seen_counts"),
        {"site": site, "from": naive(window.start), "until": naive(window.end)},
    )
    since = {"site": site, "start": naive(window.start)}
    ((release, mapped),) = snapshot.rows(query("ready_release"), since)
    return Seen(
        pages={what: count for kind, what, count in counts if kind == EventKind.VIEW.value},
        events={what: count for kind, what, count in counts if kind == EventKind.EVENT.value},
        clicks=dict(snapshot.rows(query("ready_clicks"), since)),
        release=release,
        source_maps=mapped,
    )
