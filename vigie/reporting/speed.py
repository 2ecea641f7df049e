"""Requests for one vital, and for speed against conversion."""

from collections.abc import Mapping
from datetime import datetime

from analytics.reports.conversion_speed import ConversionSpeedReport, conversion_speed
from analytics.reports.vital import vital
from analytics.reports.vital_types import VitalReport
from analytics.vitals import VITALS
from store.snapshot import Snapshot
from vigie.reporting.params import (
    DEVICES,
    BadRequestError,
    level_of,
    named,
    one_of,
    sample_of,
    scope_of,
    site_of,
    window_of,
)
from vigie.settings import Settings, SiteSettings

VITAL_DEFAULT = "lcp"
EVENT_CHARS_MAX = 200


def vital_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> VitalReport:
    site = site_of(params, settings)
    return vital(
        snapshot,
        scope_of(site),
        window_of(params, now),
        one_of(params, "vital", tuple(VITALS)) or VITAL_DEFAULT,
        now=now,
        page=params.get("page", ""),
        device=one_of(params, "device", DEVICES),
        level=level_of(params, site),
        sample=sample_of(params),
    )


def conversion_speed_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> ConversionSpeedReport:
    site = site_of(params, settings)
    return conversion_speed(
        snapshot,
        scope_of(site),
        window_of(params, now),
        event_of(params, settings, site),
        now=now,
        page=params.get("page", ""),
        device=one_of(params, "device", DEVICES),
        level=level_of(params, site),
        sample=sample_of(params),
    )


def event_of(params: Mapping[str, str], settings: Settings, site: SiteSettings) -> str:
    """The event named, or the one of the journey named, or of the site's first with one."""
    if event := params.get("event", "").strip()[:EVENT_CHARS_MAX]:
        return event
    journeys = tuple(each for each in settings.journeys if each.site == site.id)
    if params.get("journey"):
        journeys = (named(params["journey"], journeys, "journey"),)
    events = [each.event for each in journeys if each.event]
    if not events:
        raise BadRequestError(
            "No event is named.", "Give event=NAME, or journey=ID of one with a business event."
        )
    return events[0]
