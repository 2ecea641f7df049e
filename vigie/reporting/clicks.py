"""Requests for the report of clicks."""

from collections.abc import Mapping
from datetime import datetime

from analytics.reports.clicks import clicks
from analytics.reports.clicks_types import ClicksReport
from store.snapshot import Snapshot
from vigie.reporting.params import (
    DEVICES,
    level_of,
    one_of,
    sample_of,
    scope_of,
    site_of,
    window_of,
)
from vigie.settings import Settings


def clicks_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> ClicksReport:
    site = site_of(params, settings)
    return clicks(
        snapshot,
        scope_of(site),
        window_of(params, now),
        now=now,
        page=params.get("page", ""),
        level=level_of(params, site),
        device=one_of(params, "device", DEVICES),
        sample=sample_of(params),
    )
