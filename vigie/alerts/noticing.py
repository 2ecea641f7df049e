"""What is new of incidents, and who is owed a message of it. Pure: no clock, no store.

- An incident is known by its row, which it keeps while it overlaps it: later results may move its
  edges, and make no second one of it.
- After a silence of our own nothing is said of a monitor before one fresh cycle of it was seen.
- An outage that was over before anybody could be told is told all the same, unless it ended before
  alerting began here or more than TOLD_LATE_H ago.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import structs

from analytics.reports.types import Incident, MonitorUptime, State
from vigie.alerts.incident import IncidentRow
from vigie.alerts.ledger import Change

TOLD_LATE = timedelta(hours=12)


def may_speak(seen: MonitorUptime, window_start: datetime, cycle_s: float, now: datetime) -> bool:
    """Whether the monitor is observed, and has been for one cycle since it last was not."""
    heard_since: datetime | None = None
    for interval in reversed(seen.intervals):
        if interval.state is State.UNKNOWN:
            break
        heard_since = interval.start
    if heard_since is None:
        return False
    return heard_since <= window_start or now - heard_since >= timedelta(seconds=cycle_s)


def changes(
    known: Sequence[IncidentRow],
    found: Sequence[Incident],
    *,
    tells: tuple[str, ...],
    since: datetime,
    now: datetime,
    withdraws: bool,
) -> Iterator[Change]:
    """What is to be written of one monitor. `known` and `found` are its own, by their start.

    `tells` are the channels told of it. `withdraws` says that `found` reaches back to the start of
    every one known: one that lasts and is not among them is none any more.
    """
    of_row: dict[str, Incident] = {}
    fresh: list[Incident] = []
    for incident in found:
        row = _row_of(incident, known)
        if row is None or (row.end is None and row.id in of_row):
            fresh.append(incident)  # one that was told as lasting ended with the first of several
        elif row.end is not None and incident.end is None:
            fresh.append(structs.replace(incident, start=row.end))  # it was told as over
        else:
            of_row[row.id] = incident
    for row in known:
        if row.id in of_row:
            yield from _continued(row, of_row[row.id], tells)
        elif withdraws and row.end is None and not row.withdrawn:
            gone = structs.replace(row, end=now, withdrawn=True)
            yield Change(row=gone, new=False, close=True)
    for incident in fresh:
        yield from _noticed(incident, tells, since, now)


def _row_of(incident: Incident, known: Sequence[IncidentRow]) -> IncidentRow | None:
    """The last row that shares time with the incident, or has its id."""
    for row in reversed(known):
        begins_before = incident.end is None or row.start < incident.end
        ends_after = row.end is None or row.end > incident.start
        if row.id == incident.id or (begins_before and ends_after):
            return row
    return None


def _continued(row: IncidentRow, incident: Incident, tells: tuple[str, ...]) -> Iterator[Change]:
    if row.withdrawn:
        return
    now_known = structs.replace(
        row,
        end=incident.end,
        failed_checks=incident.failed_checks,
        down_s=incident.down_s,
        held_back=row.held_back and incident.held_back,
    )
    released = row.held_back and not incident.held_back and incident.end is None
    ended = row.end is None and incident.end is not None
    # While it lasts its counters grow with every check: nothing worth a write.
    if released or ended or (row.end is not None and row.end != incident.end):
        yield Change(row=now_known, new=False, tell=tells if released else (), close=ended)


def _noticed(
    incident: Incident, tells: tuple[str, ...], since: datetime, now: datetime
) -> Iterator[Change]:
    if incident.end is not None and (
        incident.end < since or now - incident.end > TOLD_LATE or incident.start < since
    ):
        return
    row = IncidentRow(
        id=incident.id,
        monitor=incident.monitor,
        start=incident.start,
        end=incident.end,
        edge_s=incident.edge_s,
        confirmed_at=incident.confirmed_at,
        outcome=incident.outcome,
        detail=_detail(incident),
        failed_checks=incident.failed_checks,
        down_s=incident.down_s,
        held_back=incident.held_back,
    )
    yield Change(
        row=row,
        new=True,
        tell=() if incident.held_back else tells,
        close=incident.end is not None,
    )


def _detail(incident: Incident) -> str:
    if not incident.flapping:
        return incident.detail
    words = "it goes down again and again: told once, until it is stable"
    return f"{incident.detail}; {words}" if incident.detail else words
