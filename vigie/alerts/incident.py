"""An incident as the store remembers it: what was told of it must be told of it again."""

from datetime import datetime

from msgspec import Struct

from analytics.reports.types import Incident, OwnNetwork
from probes.outcome import Outcome

OWN_NETWORK = "own-network."
"""Before a location, in place of a monitor: the incidents of our own network there."""

ACTIVITY = "activity."
"""Before a journey, in place of a monitor: the times in which its event was abnormally rare."""


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


def is_own_network(monitor: str) -> bool:
    return monitor.startswith(OWN_NETWORK)


def activity_id(journey: str) -> str:
    return ACTIVITY + journey


def is_activity(monitor: str) -> bool:
    return monitor.startswith(ACTIVITY)


def own_network_incident(own: OwnNetwork) -> Incident:
    """A time in which all sentinels of a location failed, as one incident of the location."""
    explained = [each for each in own.monitors if each not in own.sentinels]
    return Incident(
        monitor=OWN_NETWORK + own.location,
        start=own.start,
        end=own.end,
        confirmed_at=own.start,
        edge_s=0.0,
        outcome=Outcome.OWN_NETWORK,
        detail="failing there: " + (", ".join(explained) or "the sentinels only"),
        failed_checks=0,
        down_s=(own.end - own.start).total_seconds() if own.end else 0.0,
    )
