"""The job that keeps what each saved funnel came to on each finished day, for longer than detail is
kept; days missed while Vigie was off are made up for, as far back as detail goes."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import numpy as np
from msgspec import Struct

from analytics.funnel_segments import level_groups
from analytics.funnel_sessions import FunnelSessions, Mask, days_of, read_sessions
from analytics.levels import EVERYONE
from analytics.question import Window
from analytics.sampling import UnitError, basis, read
from store.database import Database
from store.funnel_days import FunnelCount, FunnelDayTaken, days_taken, keep_days
from vigie.folders import DataFolder
from vigie.keeper import Job
from vigie.own_funnels import FUNNELS, SavedFunnel
from vigie.reporting.funnels import FunnelAsked, asked_funnel, kept_from
from vigie.reporting.params import BadRequestError
from vigie.settings import Settings

PERIOD_S = 600.0
LATE = timedelta(hours=1)
"""After the last conversion can have come, for what browsers send late."""
DAYS_A_RUN_MAX = 60
"""More wait for the next run, so that other jobs have their turn."""
DAY = timedelta(days=1)


class FunnelSnapshots(Struct, frozen=True):
    """Writes the days that are due."""

    settings: Settings
    folder: DataFolder
    database: Database

    def job(self) -> Job:
        return Job(
            name="funnels",
            description="Keep what saved funnels came to on each finished day",
            period_s=PERIOD_S,
            run=self.run,
        )

    def run(self, now: datetime) -> str:
        """Raises UnreadableError when the file of saved funnels is damaged."""
        days = 0
        for each in FUNNELS.read(self.folder).things:
            for day in self._due(each.thing, now):
                if days == DAYS_A_RUN_MAX:
                    return f"kept {days} days of funnels; more are due"
                taken = self._take(each.thing, day, now)
                if taken is None:
                    continue
                keep_days(self.database, [taken], now)
                days += 1
        return f"kept {days} day{'' if days == 1 else 's'} of funnels" if days else ""

    def _due(self, funnel: SavedFunnel, now: datetime) -> Iterator[date]:
        """The finished days that are not there, the latest first: that is what is looked at."""
        there = days_taken(self.database, funnel.id, funnel.definition)
        over = now - LATE - timedelta(minutes=funnel.window_minutes)
        day, first = over.astimezone(UTC).date() - DAY, kept_from(self.settings, now).date()
        while day >= first:
            if day not in there:
                yield day
            day -= DAY

    def _take(self, funnel: SavedFunnel, day: date, now: datetime) -> FunnelDayTaken | None:
        """None where it cannot be told: its site is gone from the settings, or it counts users and
        of that day only a sample of sessions is kept."""
        try:
            return self._counted(funnel, day, now)
        except (BadRequestError, UnitError):
            return None

    def _counted(self, funnel: SavedFunnel, day: date, now: datetime) -> FunnelDayTaken:
        asked = asked_funnel(funnel.params(), self.settings)
        start = datetime.combine(day, datetime.min.time(), tzinfo=UTC)
        window, within = Window(start, start + DAY), timedelta(seconds=asked.within_s)
        with self.database.snapshot() as snapshot:
            sessions, reading = read(
                snapshot,
                asked.scope,
                days_of(window, within, now),
                1.0,
                lambda reading: read_sessions(
                    snapshot, reading, asked.steps, window, within, now, asked.rules
                ),
                lambda _: False,
                asked.rules.unit,
            )
            generated = basis(snapshot, reading, "funnel_days", window).generated
        return FunnelDayTaken(
            funnel=funnel.id,
            definition=funnel.definition,
            site=funnel.site,
            day=day,
            counts=tuple(_counts(sessions, asked)),
            generated=generated,
        )


def _counts(sessions: FunnelSessions, asked: FunnelAsked) -> Iterator[FunnelCount]:
    everyone: Mask = np.ones(len(sessions.depth), dtype=np.bool_)
    groups = level_groups(sessions, asked.scope.levels)
    members_of = {EVERYONE: everyone}
    for place, (level,) in enumerate(groups.parts):
        members_of[level] = groups.of == place
    for level, members in members_of.items():
        for number, step in enumerate(asked.steps, 1):
            weight = sessions.weight[members & (sessions.depth >= number)]
            yield FunnelCount(
                level=level,
                step=number,
                label=step.label,
                sessions=len(weight),
                reached=float(weight.sum()),
                squares=float(np.square(weight).sum()),
            )
