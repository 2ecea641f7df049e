"""Whether a journey is watched well enough to be released: the checks of `vigie ready`."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pandas as pd
from msgspec import Struct, structs

from analytics.basis import Basis
from analytics.question import Window
from analytics.readiness import SEEN_WITHIN, Seen, seen_lately
from analytics.reports.types import MonitorUptime, State
from analytics.reports.uptime import uptime
from store.snapshot import Snapshot
from vigie.maintenance import maintenance_of
from vigie.settings import JourneySettings, Settings

DEFINITION = "ready"
LOOKED_BACK = timedelta(hours=1)
GREEN = (State.UP, State.DEGRADED)


class ReadyCheck(Struct, frozen=True, kw_only=True):
    """One thing that must hold, and what was found of it."""

    check: str
    passed: bool
    said: str


class ReadyReport(Struct, frozen=True, kw_only=True):
    """`ready` when every check passed."""

    basis: Basis
    journey: str
    name: str
    ready: bool
    checks: tuple[ReadyCheck, ...]

    def frame(self) -> pd.DataFrame:
        """One row a check."""
        return pd.DataFrame([structs.asdict(check) for check in self.checks])


def readiness(
    snapshot: Snapshot, settings: Settings, journey: JourneySettings, now: datetime
) -> ReadyReport:
    window = Window(now - LOOKED_BACK, now)
    probes = uptime(snapshot, list(journey.monitors), window, now, maintenance_of(settings))
    seen = seen_lately(snapshot, journey.site, now)
    checks = (
        *_monitors(probes.monitors),
        *_steps(journey, seen),
        _source_maps(seen),
        _owner(journey),
        _channels(settings, journey),
    )
    return ReadyReport(
        basis=Basis(definition=DEFINITION, start=now - SEEN_WITHIN, end=now),
        journey=journey.id,
        name=journey.name or journey.id,
        ready=all(check.passed for check in checks),
        checks=checks,
    )


def channels_of(settings: Settings, journey: JourneySettings) -> tuple[str, ...]:
    """The channels told of a journey: its own, else all defaults."""
    known = {channel.id for channel in settings.channels}
    own = tuple(each for each in journey.channels if each in known)
    return own or tuple(channel.id for channel in settings.channels if channel.default)


def _monitors(rows: tuple[MonitorUptime, ...]) -> Iterator[ReadyCheck]:
    if not rows:
        yield ReadyCheck(
            check="monitors",
            passed=False,
            said="none watches this journey: name its monitors",
        )
    for row in rows:
        said = {State.UNKNOWN: "not observed"}.get(row.state, row.state.value)
        yield ReadyCheck(
            check=f"monitor {row.monitor}", passed=row.state in GREEN, said=f"{row.name}: {said}"
        )


def _steps(journey: JourneySettings, seen: Seen) -> Iterator[ReadyCheck]:
    if not journey.steps:
        yield ReadyCheck(check="steps", passed=False, said="none is named: name its steps")
    for number, step in enumerate(journey.steps, 1):
        what = step.page or step.event or step.click
        counts = seen.pages if step.page else seen.events if step.event else seen.clicks
        count = counts.get(what, 0)
        yield ReadyCheck(
            check=f"step {number} {step.name or what}",
            passed=count > 0,
            said=f"seen {count:,} times in the last 24 h"
            if count
            else f"{what} was not seen in the last 24 h: is rum.js on it?",
        )


def _source_maps(seen: Seen) -> ReadyCheck:
    passed = bool(seen.release) and seen.source_maps
    if not seen.release:
        said = "no page said its release in the last 24 h: data-release of the snippet"
    elif seen.source_maps:
        said = f"release {seen.release} has them"
    else:
        said = f"release {seen.release} has none: vigie sourcemaps upload"
    return ReadyCheck(check="source maps", passed=passed, said=said)


def _owner(journey: JourneySettings) -> ReadyCheck:
    said = journey.owner or "nobody: add owner to it"
    return ReadyCheck(check="owner", passed=bool(journey.owner), said=said)


def _channels(settings: Settings, journey: JourneySettings) -> ReadyCheck:
    told = channels_of(settings, journey)
    return ReadyCheck(
        check="channels",
        passed=bool(told),
        said=", ".join(told) or "nobody is told: add channels to it, or a default channel",
    )
