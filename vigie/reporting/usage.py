"""Requests for reports of usage: speed, seen, sessions, session."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from analytics.reports.seen import seen
from analytics.reports.session import SessionReport, session
from analytics.reports.sessions import AFTER_MAX, SessionFilter, SessionsReport, sessions
from analytics.reports.speed import speed
from analytics.reports.types import (
    SeenReport,
    SpeedReport,
)
from store.snapshot import Snapshot
from vigie.maintenance import maintenance_of
from vigie.reporting.params import (
    DEVICES,
    BadRequestError,
    level_of,
    number_of,
    one_of,
    sample_of,
    scope_of,
    site_of,
    window_of,
)
from vigie.settings import Settings

SESSION_EVENTS_MAX = 10_000_000
"""How far into a session a page of it may lie."""


def speed_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> SpeedReport:
    site = site_of(params, settings)
    level, device = level_of(params, site), one_of(params, "device", DEVICES)
    report = speed(
        snapshot,
        scope_of(site),
        window_of(params, now),
        now=now,
        sample=sample_of(params),
        page=params.get("page") or None,
        by_device=bool(device),
    )
    rows = (
        row for row in report.rows if row.level in ("", level or row.level) and row.device == device
    )
    return msgspec.structs.replace(report, rows=tuple(rows))


def seen_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> SeenReport:
    return seen(snapshot, scope_of(site_of(params, settings)), window_of(params, now))


def sessions_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> SessionsReport:
    site = site_of(params, settings)
    asked = SessionFilter(
        level=level_of(params, site),
        page=params.get("page", ""),
        device=one_of(params, "device", DEVICES),
        user_key=params.get("user_key", ""),
        errors=bool(one_of(params, "errors", ("yes",))),
        recorded=bool(one_of(params, "recorded", ("yes",))),
    )
    after = int(number_of(params, "after", 0, least=0, most=AFTER_MAX))
    return sessions(snapshot, scope_of(site), window_of(params, now), asked, after=after)


def session_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> SessionReport:
    """Looked for in the site named, else in all, over all that is kept."""
    id_ = params.get("session", "").strip().lower()
    if not re.fullmatch(r"[0-9a-f]{32}", id_):
        raise BadRequestError(
            f"session={id_[:64]} is no session id." if id_ else "No session is named.",
            "Give its 32 hex digits, as vigie('session', ...) says them in the page.",
        )
    sites = [site_of(params, settings)] if params.get("site") else list(settings.sites)
    days = (now.date() - timedelta(days=settings.store.retention_days + 1), now.date())
    after = int(number_of(params, "after", 0, least=0, most=SESSION_EVENTS_MAX))
    for site in sites:
        monitors = [monitor.id for monitor in settings.monitors if monitor.site == site.id]
        found = session(
            snapshot,
            site.id,
            id_,
            days,
            now,
            monitors=monitors,
            maintenance=maintenance_of(settings),
            after=after,
        )
        if found is not None:
            return found
    raise BadRequestError(
        f"There is no session {id_}.",
        f"It is wrong, or older than the {settings.store.retention_days} days sessions are kept.",
    )
