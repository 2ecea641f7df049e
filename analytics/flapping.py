"""Flapping damped: a monitor that goes down again and again is one incident, kept open until it is
stable.

An incident's start and end are a state change each. The start that makes more than CHANGES_MAX
changes within WITHIN, which is the third outage in half an hour, begins an incident that flaps: it
takes in every later outage, and stays open until there was no change for STABLE. Then it ended
where the last outage did. Only incidents are joined: the time between its outages is up, and counts
as up. Those before it stay as they were told.
"""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import structs

from analytics.reports.types import Incident

CHANGES_MAX = 4
WITHIN = timedelta(minutes=30)
STABLE = timedelta(minutes=15)


def damped(incidents: Sequence[Incident], now: datetime) -> list[Incident]:
    """One monitor's incidents, in time order, with those that flap joined; as seen at `now`."""
    found: list[Incident] = []
    changes: deque[datetime] = deque()
    flapping: Incident | None = None
    for each in incidents:
        changes.append(each.start)
        while changes[0] < each.start - WITHIN:
            changes.popleft()
        if flapping and flapping.end and each.start - flapping.end < STABLE:
            flapping = _joined(flapping, each)
        else:
            if flapping:
                found.append(flapping)
            flapping = None
            if len(changes) > CHANGES_MAX:
                flapping = structs.replace(each, flapping=True)
            else:
                found.append(each)
        if each.end:
            changes.append(each.end)
    if flapping:
        if flapping.end and now - flapping.end < STABLE:
            flapping = structs.replace(flapping, end=None)
        found.append(flapping)
    return found


def _joined(flapping: Incident, later: Incident) -> Incident:
    return structs.replace(
        flapping,
        end=later.end,
        failed_checks=flapping.failed_checks + later.failed_checks,
        down_s=flapping.down_s + later.down_s,
        outages=flapping.outages + later.outages,
        edge_s=max(flapping.edge_s, later.edge_s),
    )
