"""Requests for reports of the data itself: refused, deletion."""

from collections.abc import Mapping
from datetime import datetime

from analytics.reports.deletion import DeletionReport, deletion
from analytics.reports.refused import AFTER_MAX as REFUSED_AFTER_MAX
from analytics.reports.refused import RefusedFilter, RefusedReport, refused
from rum.records import Reason
from store.snapshot import Snapshot
from vigie.reporting.params import month_asked, named, number_of, one_of, window_of
from vigie.settings import Settings

NO_SITE = "-"
"""In place of a site's id: what was refused of none that could be told. No id is so."""


def refused_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> RefusedReport:
    asked = RefusedFilter(
        site=_refused_site(params.get("site", ""), settings),
        reason=one_of(params, "reason", tuple(Reason)) or None,
    )
    after = int(number_of(params, "after", 0, least=0, most=REFUSED_AFTER_MAX))
    return refused(snapshot, window_of(params, now), asked, after=after)


def _refused_site(id_: str, settings: Settings) -> str | None:
    """The id as refusals have it: "" of no site that could be told; None, for all, when unset."""
    if id_ == NO_SITE:
        return ""
    return named(id_, settings.sites, "site").id if id_ else None


def deletion_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> DeletionReport:
    month = month_asked(params.get("month", ""), "UTC", now)
    return deletion(
        snapshot, month.window("UTC"), now, retention_days=settings.store.retention_days
    )
