"""Intake without a server: what comes of events sent at one moment."""

import json
from typing import Any

from rum.intake import Accepted, BeaconRequest, Intake
from rum.limits import Limits
from tests.support.collector import ORIGIN, SITE, beacon

NOW_US = 1_800_000_000_000_000


def taken_of(events: list[dict[str, Any]], **header: Any) -> Accepted:
    """What intake took of a beacon with these events and header fields; it must take it."""
    body = json.dumps(beacon(*events, **{"sent": NOW_US / 1000} | header)).encode()
    taken = Intake([SITE], Limits(), b"secret").take(BeaconRequest(body, ORIGIN), NOW_US)
    assert isinstance(taken, Accepted), taken
    return taken
