"""Requests for the report of a journey, and of whether it is ready."""

from collections.abc import Mapping
from datetime import datetime

from analytics.question import JourneyQuestion
from analytics.reports.journey import journey
from analytics.reports.types import (
    JourneyReport,
)
from store.snapshot import Snapshot
from vigie.maintenance import maintenance_of
from vigie.readiness import ReadyReport, readiness
from vigie.reporting.params import named, sample_of, scope_of, window_of
from vigie.reporting.people import evidence_of
from vigie.reporting.steps import journey_step, step_text
from vigie.settings import JourneySettings, Settings


def journey_question(settings: Settings, id_: str, sample: float | None = None) -> JourneyQuestion:
    chosen = named(id_, settings.journeys, "journey")
    site = named(chosen.site, settings.sites, "site")
    return JourneyQuestion(
        id=chosen.id,
        name=chosen.name or chosen.id,
        owner=chosen.owner,
        scope=scope_of(site, sample),
        steps=tuple(journey_step(step) for step in chosen.steps),
        event=chosen.event,
        monitors=chosen.monitors,
        window_s=chosen.window_minutes * 60,
        activity_chance=chosen.activity_chance,
        evidence=evidence_of(site.perceived),
    )


def journey_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> JourneyReport:
    question = journey_question(settings, params.get("journey", ""), sample_of(params))
    return journey(snapshot, question, window_of(params, now), now, maintenance_of(settings))


def ready_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> ReadyReport:
    chosen = named(params.get("journey", ""), settings.journeys, "journey")
    return readiness(snapshot, settings, chosen, now)


def funnel_params(journey: JourneySettings) -> dict[str, str]:
    """A journey's steps as the request of a funnel of its own."""
    steps = ",".join(step_text(journey_step(step)) for step in journey.steps)
    return {"steps": steps, "window_minutes": f"{journey.window_minutes:g}"}
