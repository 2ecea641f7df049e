"""A site's calendar as settings have it: what is wrong with it, and as analytics wants it."""

from collections.abc import Iterator
from datetime import date

from analytics.calendars import Calendar
from vigie.maintenance import zone_of
from vigie.settings import SiteSettings
from vigie.settings_lines import KeyPath
from vigie.settings_mistakes import Problem

LEAP_YEAR = "2028-"
"""For days of every year, of which the 29th of February is one."""


def calendar_of(site: SiteSettings) -> Calendar:
    return Calendar(timezone=site.timezone, holidays=site.holidays)


def calendar_problems(site: SiteSettings, path: KeyPath = ()) -> Iterator[Problem]:
    if zone_of(site.timezone) is None:
        yield Problem(
            path=(*path, "timezone"),
            wrong=f'"{site.timezone}" is not a time zone',
            right='write one such as "UTC" or "Europe/Paris"',
        )
    for number, holiday in enumerate(site.holidays):
        if not _is_day(holiday):
            yield Problem(
                path=(*path, "holidays", number),
                wrong=f'"{holiday}" is not a day',
                right='write one such as "2027-05-17", or "12-25" for every year',
            )


def _is_day(text: str) -> bool:
    whole = LEAP_YEAR + text if len(text) == len("12-25") else text
    try:
        return date.fromisoformat(whole).isoformat() == whole
    except ValueError:
        return False
