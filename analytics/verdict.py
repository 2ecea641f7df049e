"""What the results of all monitors say together: each one's timeline, and the incidents that count.

The steps, each in a module of its own: failures of a location's own network are set aside; each
location's results become a timeline; the locations' timelines become one by quorum; maintenance is
laid over it; incidents that flap are joined; those that a parent explains are held back. All of it
is a pure function of results, definitions, planned maintenance and the time.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct, structs

from analytics.flapping import damped
from analytics.locations import combined, quorum_steps
from analytics.maintained import maintained
from analytics.maintenance import Maintenance, planned
from analytics.observed import Run, Version
from analytics.own_network import Gate, gate, without_failures
from analytics.parents import ancestors, heard, held_back
from analytics.reports.types import OwnNetwork
from analytics.timeline import Timeline, timeline
from analytics.times import Span, from_us, to_us

ByLocation = Mapping[str, Sequence[Run]]


class Ties(Struct, frozen=True):
    """What a monitor's definition says of its place among the others."""

    parents: tuple[str, ...] = ()
    sentinel: bool = False


class Observed(Struct, frozen=True, kw_only=True):
    """What is known of monitors: by monitor and location, both in time order."""

    runs: Mapping[str, ByLocation]
    versions: Mapping[str, Mapping[str, Sequence[Version]]]
    ties: Mapping[str, Ties]
    """Monitors without any may be left out."""


class Verdicts(Struct, frozen=True, kw_only=True):
    timelines: dict[str, Timeline]
    own_network: tuple[OwnNetwork, ...]


def ties_of(definition: str) -> Ties:
    """Of a monitor's definition as JSON. Raises msgspec.DecodeError."""
    return msgspec.json.decode(definition, type=Ties)


def needed(monitors: Iterable[str], ties: Mapping[str, Ties]) -> list[str]:
    """The monitors whose results the verdict on `monitors` takes: themselves, whatever they cannot
    be up without, and the sentinels."""
    parents = {monitor: each.parents for monitor, each in ties.items()}
    found = dict.fromkeys(monitors)
    for monitor in list(found):
        found.update(dict.fromkeys(ancestors(monitor, parents)))
    found.update(dict.fromkeys(monitor for monitor, each in ties.items() if each.sentinel))
    return list(found)


def verdict(
    observed: Observed,
    monitors: Iterable[str],
    now: datetime,
    *,
    since: datetime | None = None,
    maintenance: Sequence[Maintenance] = (),
) -> Verdicts:
    """The timelines of `monitors` and of what they need, as seen at `now`.

    `since` is as for timeline(). Monitors of which nothing is known have no timeline.
    """
    parents = {monitor: each.parents for monitor, each in observed.ties.items()}
    wanted = [
        monitor
        for monitor in needed(monitors, observed.ties)
        if monitor in observed.runs or monitor in observed.versions
    ]
    runs, own_network = _gated(observed, wanted, now)
    timelines: dict[str, Timeline] = {}
    for monitor in wanted:
        whole = _timeline(monitor, runs[monitor], observed, now, since, maintenance)
        timelines[monitor] = structs.replace(whole, incidents=tuple(damped(whole.incidents, now)))
    incidents = held_back(
        {monitor: whole.incidents for monitor, whole in timelines.items()},
        parents,
        {monitor: heard(runs[monitor]) for monitor in wanted},
        now,
    )
    return Verdicts(
        timelines={
            monitor: structs.replace(whole, incidents=incidents[monitor])
            for monitor, whole in timelines.items()
        },
        own_network=own_network,
    )


def _timeline(
    monitor: str,
    runs: ByLocation,
    observed: Observed,
    now: datetime,
    since: datetime | None,
    maintenance: Sequence[Maintenance],
) -> Timeline:
    versions = observed.versions.get(monitor, {})
    by_location = {
        location: timeline(
            monitor,
            runs.get(location, ()),
            versions.get(location, ()),
            now,
            since=since,
        )
        for location in {**versions, **runs}
    }
    whole = combined(by_location, quorum_steps(versions), now)
    firsts = [each.intervals[0].start for each in by_location.values() if each.intervals]
    start = min(firsts, default=now)
    return maintained(whole, planned(maintenance, monitor, start, now), runs.values())


def _gated(
    observed: Observed, monitors: Sequence[str], now: datetime
) -> tuple[dict[str, dict[str, Sequence[Run]]], tuple[OwnNetwork, ...]]:
    """The runs less the failures of a location's own network, and when it failed."""
    runs = {monitor: dict(observed.runs.get(monitor, {})) for monitor in monitors}
    sentinels = [m for m in monitors if m in observed.ties and observed.ties[m].sentinel]
    notes: list[OwnNetwork] = []
    for location in dict.fromkeys(place for each in sentinels for place in runs[each]):
        theirs = {each: runs[each][location] for each in sentinels if location in runs[each]}
        found = gate(theirs, to_us(now))
        failed: dict[Span, list[str]] = {}
        for monitor, places in runs.items():
            if found.spans and location in places:
                spans = found.agreed if monitor in theirs else found.spans
                places[location], hit = without_failures(places[location], spans)
                for span in hit:
                    failed.setdefault(_around(found, span), []).append(monitor)
        notes.extend(
            _note(location, span, list(theirs), failed[span], now) for span in sorted(failed)
        )
    return runs, tuple(sorted(notes, key=lambda note: (note.start, note.location)))


def _around(found: Gate, span: Span) -> Span:
    return next(each for each in found.spans if each[0] <= span[0] and span[1] <= each[1])


def _note(
    location: str, span: Span, sentinels: Sequence[str], failed: Sequence[str], now: datetime
) -> OwnNetwork:
    return OwnNetwork(
        location=location,
        start=from_us(span[0]),
        end=from_us(span[1]) if from_us(span[1]) < now else None,
        sentinels=tuple(sentinels),
        monitors=tuple(dict.fromkeys(each for each in failed if each not in sentinels)),
    )
