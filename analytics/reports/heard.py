"""When each other location was last heard, and how right its clock was."""

from datetime import UTC, datetime

from msgspec import Struct

from analytics.sql import query
from store.snapshot import Snapshot


class LocationHeard(Struct, frozen=True, kw_only=True):
    """`last_result` is when the newest check of it was due, by our clock; None when none was
    delivered. `clock_behind_s` is how far its clock was behind ours; None when not measured."""

    location: str
    last_result: datetime | None
    received: datetime
    clock_behind_s: float | None


def heard(snapshot: Snapshot) -> tuple[LocationHeard, ...]:
    """Every location that ever delivered, by name."""
    return tuple(
        LocationHeard(
            location=location,
            last_result=last_result and last_result.replace(tzinfo=UTC),
            received=received.replace(tzinfo=UTC),
            clock_behind_s=None if offset_us is None else offset_us / 1e6,
        )
        for location, last_result, received, offset_us in snapshot.rows(query("locations_heard"))
    )
