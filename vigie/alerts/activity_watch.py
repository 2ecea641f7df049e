"""Notices that a journey's event is abnormally rare, and writes down what is owed of it.

A low is an incident of the journey, kept and told as those of monitors are: one message when it is
seen, one when it is over.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import structs

from analytics.question import Window
from analytics.reports.activity import DEFINITION, judged
from analytics.reports.types import Incident
from store.database import Database
from vigie.alerts.incident import IncidentRow, activity_id, is_activity
from vigie.alerts.ledger import Change, Ledger
from vigie.alerts.noticing import changes
from vigie.maintenance import maintenance_of
from vigie.readiness import channels_of
from vigie.reporting.people import journey_activity
from vigie.settings import JourneySettings, Settings

LOOK_S = 300.0
BACK = timedelta(days=8)
"""How far back lows are looked for; they are told within half a day, or not at all."""
ABNORMALLY_RARE = f"{DEFINITION}_low"


class ActivityWatch:
    """Called from one thread."""

    def __init__(
        self, database: Database, ledger: Ledger, settings: Callable[[], Settings]
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._settings = settings

    def look(self, now: datetime) -> str:
        """Write what is new, with the messages it owes, in one transaction; says what it wrote."""
        settings = self._settings()
        known: dict[str, list[IncidentRow]] = defaultdict(list)
        for row in self._ledger.recent(now - BACK):
            if is_activity(row.monitor):
                known[row.monitor].append(row)
        since = self._ledger.since(now)
        found: list[Change] = []
        watched = [each for each in settings.journeys if each.event and each.activity_alert]
        for journey in watched:
            found += changes(
                known.pop(activity_id(journey.id), []),
                self._lows(settings, journey, now),
                tells=channels_of(settings, journey),
                since=since,
                now=now,
                withdraws=True,
            )
        for rows in known.values():  # of journeys nobody watches any more
            found += [
                Change(row=structs.replace(row, end=now, withdrawn=True), new=False, close=True)
                for row in rows
                if row.end is None
            ]
        if not found:
            return ""
        self._ledger.write(found, now)
        noticed = sum(change.new for change in found)
        return f"activity: {noticed} abnormally low, {len(found) - noticed} over"

    def _lows(self, settings: Settings, journey: JourneySettings, now: datetime) -> list[Incident]:
        question = journey_activity(settings, journey)
        with self._database.snapshot() as snapshot:
            judgement = judged(
                snapshot, question, Window(now - BACK, now), now, maintenance_of(settings)
            )
        return [
            Incident(
                monitor=activity_id(journey.id),
                start=start,
                end=None if low.end is None else judgement.hour(low.end),
                confirmed_at=judgement.hour(low.seen),
                edge_s=3600.0,
                outcome=ABNORMALLY_RARE,
                detail=f"{low.count:,} {journey.event} in {low.length_h} h,"
                f" against {low.usual:,.0f} usual",
                failed_checks=0,
            )
            for low in judgement.lows
            for start in [judgement.hour(low.start)]
            if start >= now - BACK
        ]
