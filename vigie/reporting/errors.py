"""Requests for the reports of errors: all groups, and one."""

import re
from collections.abc import Mapping
from datetime import datetime

from analytics.error_reading import Choice
from analytics.owners import OwnerRule
from analytics.reports.error import error
from analytics.reports.error_types import ErrorReport, ErrorsReport, ErrorState
from analytics.reports.errors import errors
from store.snapshot import Snapshot
from vigie.reporting.params import (
    BadRequestError,
    level_of,
    number_of,
    one_of,
    scope_of,
    site_of,
    window_of,
)
from vigie.settings import Settings

AFTER_MAX = 2_000
FINGERPRINT = re.compile(r"[0-9a-f]{16}")


def owner_rules(settings: Settings) -> tuple[OwnerRule, ...]:
    """The settings' owners as reports take them."""
    return tuple(
        OwnerRule(team=rule.team, site=rule.site, pages=rule.pages, files=rule.files)
        for rule in settings.owners
    )


def errors_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> ErrorsReport:
    site = site_of(params, settings)
    choice = Choice(
        level=level_of(params, site),
        page=params.get("page", ""),
        release=params.get("release", ""),
    )
    if choice.release and (choice.level or choice.page):
        raise BadRequestError(
            "Errors are not counted by release and something else.",
            "Give release, or level and page.",
        )
    teams = tuple(dict.fromkeys(rule.team for rule in settings.owners))
    return errors(
        snapshot,
        scope_of(site),
        window_of(params, now),
        choice,
        now=now,
        state=one_of(params, "state", tuple(ErrorState)),
        owner=one_of(params, "owner", teams),
        owners=owner_rules(settings),
        after=int(number_of(params, "after", 0, least=0, most=AFTER_MAX)),
    )


def error_asked(
    params: Mapping[str, str], settings: Settings, snapshot: Snapshot, now: datetime
) -> ErrorReport:
    site = site_of(params, settings)
    fingerprint = fingerprint_of(params.get("fingerprint", ""))
    found = error(
        snapshot,
        scope_of(site),
        window_of(params, now),
        fingerprint,
        now=now,
        owners=owner_rules(settings),
    )
    if found is None:
        raise BadRequestError(
            f"Nobody met an error {fingerprint} in this window.",
            "Give more days, or look for it among the errors.",
        )
    return found


def fingerprint_of(text: str) -> str:
    """16 hex digits. Raises BadRequestError."""
    text = text.strip().lower()
    if not FINGERPRINT.fullmatch(text):
        raise BadRequestError(
            f"fingerprint={text[:64]} names no group of errors."
            if text
            else "No group of errors is named.",
            "Give its 16 hex digits, as the report errors has them.",
        )
    return text
