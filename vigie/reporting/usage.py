"""Requests for reports of usage: speed, seen, sessions, session."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from analytics.question import Window
from analytics.reports.seen import seen
from analytics.reports.session import SessionReport, session
from analytics.reports.sessions import AFTER_MAX, SessionFilter, SessionsReport, sessions
from analytics.reports.speed import speed
from analytics.reports.types import (
    SeenReport,
    SpeedReport,
)
from rum.session_code import ranges_of
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
from vigie.settings import Settings, SiteSettings

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
    scope = scope_of(site_of(params, settings), sample_of(params))
    return seen(snapshot, scope, window_of(params, now))


def sessions_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> SessionsReport:
    site = site_of(params, settings)
    asked = SessionFilter(
        level=level_of(params, site),
        page=params.get("page", ""),
        device=one_of(params, "device", DEVICES),
        user_key=params.get("user_key", ""),
        code=_code_of(params),
        errors=bool(one_of(params, "errors", ("yes",))),
        recorded=bool(one_of(params, "recorded", ("yes",))),
    )
    after = int(number_of(params, "after", 0, least=0, most=AFTER_MAX))
    return sessions(snapshot, scope_of(site), window_of(params, now), asked, after=after)


def _code_of(params: Mapping[str, str]) -> str:
    code = params.get("code", "").strip()
    if code and not ranges_of(code):
        raise BadRequestError(
            f"code={code[:64]} is no code of a session.",
            "Give it as 7K2M-Q4XF, its first 6 letters at least, or 8 digits of the session's id.",
        )
    return code


def session_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> SessionReport:
    """Looked for in the site named, else in all, over all that is kept. By its id, or by a code
    that only one session has."""
    sites = [site_of(params, settings)] if params.get("site") else list(settings.sites)
    id_ = params.get("session", "").strip().lower()
    kept = timedelta(days=settings.store.retention_days + 1)
    if not re.fullmatch(r"[0-9a-f]{32}", id_):
        id_ = _coded(id_, sites, Window(now - kept, now), snapshot)
    days = ((now - kept).date(), now.date())
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


def _coded(code: str, sites: Sequence[SiteSettings], window: Window, snapshot: Snapshot) -> str:
    """The id of the one session of that code."""
    if not ranges_of(code):
        raise BadRequestError(
            f"session={code[:64]} is no session id." if code else "No session is named.",
            "Give its 32 hex digits, as vigie('session', ...) says them in the page, or its code.",
        )
    found = [
        row.session
        for site in sites
        for row in sessions(snapshot, scope_of(site), window, SessionFilter(code=code)).rows
    ]
    if len(found) != 1:
        raise BadRequestError(
            f"Sessions of the code {code}: {len(found)}, where one is asked for.",
            f"Give one of the ids: {', '.join(found[:10])}." if found else "It may be misheard.",
        )
    return found[0]
