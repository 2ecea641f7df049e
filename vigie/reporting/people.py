"""Requests for reports of what people lived: perceived, activity, cost."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import structs

from analytics.question import Evidence
from analytics.reports.activity import activity
from analytics.reports.activity_types import ActivityQuestion, ActivityReport
from analytics.reports.cost import CostReport, cost
from analytics.reports.perceived import perceived
from analytics.reports.perceived_types import PerceivedQuestion, PerceivedReport
from store.snapshot import Snapshot
from vigie.maintenance import maintenance_of
from vigie.reporting.params import (
    BadRequestError,
    named,
    one_of,
    sample_of,
    scope_of,
    site_of,
    window_of,
)
from vigie.settings import JourneySettings, PerceivedSettings, Settings, SiteSettings

LEVEL = "level"


def perceived_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> PerceivedReport:
    question = perceived_question(settings, params)
    return perceived(
        snapshot,
        question,
        window_of(params, now),
        now,
        maintenance_of(settings),
        sample=sample_of(params),
    )


def activity_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> ActivityReport:
    question = activity_question(settings, params)
    return activity(snapshot, question, window_of(params, now), now, maintenance_of(settings))


def cost_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> CostReport:
    """Of the window, for one journey."""
    journey = named(params.get("journey", ""), settings.journeys, "journey")
    return cost(
        snapshot,
        of_journey(settings, journey),
        journey_activity(settings, journey) if journey.event else None,
        window_of(params, now),
        now,
        maintenance_of(settings),
        sample=sample_of(params),
    )


def activity_question(settings: Settings, params: Mapping[str, str]) -> ActivityQuestion:
    """Of a journey's event, or of any event of a site. Raises BadRequestError."""
    event = params.get("event", "")
    if event:
        site = site_of(params, settings)
        question = ActivityQuestion(
            scope=scope_of(site),
            event=event,
            name=event,
            monitors=tuple(monitor.id for monitor in settings.monitors if monitor.site == site.id),
        )
    else:
        journey = named(params.get("journey", ""), settings.journeys, "journey")
        question = journey_activity(settings, journey)
        site = named(journey.site, settings.sites, "site")
    known = (LEVEL, *site.attributes_counted)
    return structs.replace(question, by=one_of(params, "by", known))


def journey_activity(settings: Settings, journey: JourneySettings) -> ActivityQuestion:
    """Raises BadRequestError where the journey names no event."""
    if not journey.event:
        raise BadRequestError(
            f"The journey {journey.id} has no event.",
            "Give event=NAME, or name the journey's in its settings.",
        )
    return ActivityQuestion(
        scope=scope_of(named(journey.site, settings.sites, "site")),
        event=journey.event,
        name=journey.name or journey.id,
        journey=journey.id,
        monitors=journey.monitors,
        chance=journey.activity_chance,
    )


def perceived_question(settings: Settings, params: Mapping[str, str]) -> PerceivedQuestion:
    """Of the journey named, else of the site. Raises BadRequestError."""
    if params.get("journey"):
        return of_journey(settings, named(params["journey"], settings.journeys, "journey"))
    return of_site(settings, site_of(params, settings))


def of_site(settings: Settings, site: SiteSettings) -> PerceivedQuestion:
    return PerceivedQuestion(
        scope=scope_of(site),
        name=site.name or site.id,
        monitors=tuple(monitor.id for monitor in settings.monitors if monitor.site == site.id),
        evidence=evidence_of(site.perceived),
    )


def of_journey(settings: Settings, journey: JourneySettings) -> PerceivedQuestion:
    site = named(journey.site, settings.sites, "site")
    events = (step.event for step in journey.steps)
    return PerceivedQuestion(
        scope=scope_of(site),
        name=journey.name or journey.id,
        monitors=journey.monitors,
        evidence=evidence_of(site.perceived),
        journey=journey.id,
        pages=tuple(step.page for step in journey.steps if step.page),
        events=tuple({each: None for each in (*events, journey.event) if each}),
    )


def evidence_of(settings: PerceivedSettings) -> Evidence:
    return Evidence(
        errors=settings.errors,
        error_pages=settings.error_pages,
        key_requests=settings.key_requests,
        cutoff_s=settings.cutoff_s,
    )
