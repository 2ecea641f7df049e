"""An incident as the store remembers it: what was told of it must be told of it again."""

from datetime import datetime

from msgspec import Struct


class IncidentRow(Struct, frozen=True, kw_only=True):
    """One row of `incidents`. Times are aware, UTC; `end` is None while it lasts.

    `id` is the one it was noticed by: later results may move its edges, never its id.
    """

    id: str
    monitor: str
    start: datetime
    end: datetime | None
    edge_s: float
    confirmed_at: datetime
    outcome: str
    detail: str
    locations: str = ""
    failed_checks: int = 0
    down_s: float = 0.0
    held_back: bool = False
    withdrawn: bool = False
