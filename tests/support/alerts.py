"""Incidents, channels and messages as tests of alerts need them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from probes.monitor import Monitor
from vigie.alerts.incident import IncidentRow
from vigie.alerts.message import Event, Message, incident_message
from vigie.settings import ChannelSettings

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
MONITOR = Monitor(id="home", name="Home page", url="https://user:pw@shop.test/a?token=t")


def incident_row(**changes: Any) -> IncidentRow:
    values: dict[str, Any] = {
        "id": "home@20261121T140000Z",
        "monitor": "home",
        "start": NOW,
        "end": None,
        "edge_s": 60.0,
        "confirmed_at": NOW + timedelta(seconds=60),
        "outcome": "wrong_status",
        "detail": "503, expected 200-299",
        "locations": "local, paris",
        "failed_checks": 2,
    }
    return IncidentRow(**{**values, **changes})


def message(event: Event = Event.OPEN, channel: str = "c", **changes: Any) -> Message:
    """The opening of an outage that lasts, or the closing of one of 12 min 30 s."""
    if event is Event.CLOSE:
        changes = {"end": NOW + timedelta(seconds=750), "down_s": 750.0, **changes}
    row = incident_row(**changes)
    return incident_message(
        row,
        event,
        key=f"{row.id}/{channel}/{event.value}",
        at=NOW + timedelta(seconds=61),
        monitor=MONITOR,
        console_url="https://vigie.test/",
    )


def channel(kind: str, **changes: Any) -> ChannelSettings:
    return ChannelSettings(id="c", kind=kind, **changes)
