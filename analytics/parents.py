"""Outages held back: a monitor that cannot be up without another says nothing new while that one
is down.

An incident is held back when it lies, start and end, within an outage of a parent or a parent's
parent, with an interval of each as slack on either side, since neither was looked at in between.
One that outlasts its parent's by more is not held back any longer: it has become its own. While it
lasts and its parent was not seen good since it began, it is held back too, for as long as a parent
that is looked at may take to be: else whoever is checked first would speak first.
A held-back outage is down as any other; only nobody is told.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, structs

from analytics.observed import Run
from analytics.reports.types import Incident
from analytics.times import from_us
from probes.outcome import Verdict


class Heard(Struct, frozen=True):
    """When a monitor was last seen good, if ever, and how long nothing need be heard of it."""

    good: datetime | None
    grace: timedelta


def heard(by_location: Mapping[str, Sequence[Run]]) -> Heard:
    """What was last heard of a monitor from any location."""
    runs = [run for location in by_location.values() for run in location]
    good_us = max((run.last_us for run in runs if run.verdict is not Verdict.BAD), default=None)
    latest = max(runs, key=lambda run: run.last_us, default=None)
    return Heard(
        from_us(good_us) if good_us is not None else None,
        timedelta(microseconds=latest.grace_us if latest else 0),
    )


def ancestors(monitor: str, parents: Mapping[str, Sequence[str]]) -> list[str]:
    """Whatever it cannot be up without: its parents first, each once, in a circle or not."""
    found = [each for each in parents.get(monitor, ()) if each != monitor]
    for each in found:
        found.extend(p for p in parents.get(each, ()) if p not in found and p != monitor)
    return list(dict.fromkeys(found))


def held_back(
    incidents: Mapping[str, Sequence[Incident]],
    parents: Mapping[str, Sequence[str]],
    last_heard: Mapping[str, Heard],
    now: datetime,
) -> dict[str, tuple[Incident, ...]]:
    """The incidents by monitor, marked with what holds them back."""
    return {
        monitor: tuple(
            _marked(each, _cause(each, ancestors(monitor, parents), incidents, last_heard, now))
            for each in own
        )
        for monitor, own in incidents.items()
    }


def _marked(incident: Incident, cause: str) -> Incident:
    return structs.replace(incident, held_back=True, cause=cause) if cause else incident


def _cause(
    incident: Incident,
    above: Sequence[str],
    incidents: Mapping[str, Sequence[Incident]],
    last_heard: Mapping[str, Heard],
    now: datetime,
) -> str:
    """The farthest ancestor that explains the incident; "" where none does."""
    for monitor in reversed(above):
        if _explains(incident, incidents.get(monitor, ()), now):
            return monitor
    if incident.end is None:
        for monitor in above:
            known = last_heard.get(monitor)
            if known and _not_cleared(incident, known, now):
                return monitor
    return ""


def _explains(incident: Incident, outages: Sequence[Incident], now: datetime) -> bool:
    """Whether the outages, each with its slack, cover the incident without a gap."""
    until = incident.end or now
    reached = incident.start
    for start, end in _with_slack(incident, outages):
        if start > reached:
            break
        if end is None or end >= until:
            return True
        reached = max(reached, end)
    return False


def _with_slack(
    incident: Incident, outages: Sequence[Incident]
) -> Iterator[tuple[datetime, datetime | None]]:
    for each in outages:
        slack = timedelta(seconds=incident.edge_s + each.edge_s)
        if each.end is None or each.end + slack > incident.start:
            yield each.start - slack, each.end + slack if each.end else None


def _not_cleared(incident: Incident, known: Heard, now: datetime) -> bool:
    """Whether the parent, good until shortly before the incident, was not looked at since or was
    bad: it may be what is down."""
    return (
        known.good is not None
        and incident.start - known.grace <= known.good < incident.start
        and now - incident.start <= known.grace
    )
