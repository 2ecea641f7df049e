"""The planned maintenance of the settings, as reports take it, and what it must hold to."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from analytics.maintenance import Maintenance, Weekly
from analytics.question import Window
from vigie.settings import MaintenanceSettings, Settings
from vigie.settings_lines import KeyPath
from vigie.settings_mistakes import Problem

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKLY_PARTS = ("weekdays", "start_time", "duration_minutes")


def maintenance_of(settings: Settings) -> tuple[Maintenance, ...]:
    """The planned maintenance of settings that have passed their checks."""
    return tuple(_maintenance(each) for each in settings.maintenance)


def maintenance_problems(planned: MaintenanceSettings, path: KeyPath = ()) -> Iterator[Problem]:
    """What is wrong with one maintenance by itself."""
    given = [name for name in WEEKLY_PARTS if getattr(planned, name)]
    once = planned.start or planned.end
    if bool(once) == bool(given):
        yield Problem(
            path=path,
            wrong="is both once and weekly" if once else "has no time",
            right=f"give it either start and end, or {', '.join(WEEKLY_PARTS)}",
        )
    elif once:
        yield from _once_problems(planned, path)
    else:
        yield from _weekly_problems(planned, path)
    if zone_of(planned.timezone) is None:
        yield Problem(
            path=(*path, "timezone"),
            wrong=f'"{planned.timezone}" is not a time zone',
            right='write one such as "Europe/Paris" or "UTC"',
        )


def zone_of(name: str) -> ZoneInfo | None:
    """The time zone of that name, if there is one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _maintenance(planned: MaintenanceSettings) -> Maintenance:
    return Maintenance(id=planned.id, monitors=planned.monitors, when=_when(planned))


def _when(planned: MaintenanceSettings) -> Window | Weekly:
    zone = ZoneInfo(planned.timezone)
    if planned.start:
        start, end = (_instant(text, zone) for text in (planned.start, planned.end))
        return Window(start, end)
    return Weekly(
        weekdays=tuple(WEEKDAYS.index(day) for day in planned.weekdays),
        at=time.fromisoformat(planned.start_time),
        lasts=timedelta(minutes=planned.duration_minutes or 0),
        zone=zone,
    )


def _instant(text: str, zone: ZoneInfo) -> datetime:
    """A time without an offset is the zone's. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)


def _once_problems(planned: MaintenanceSettings, path: KeyPath) -> Iterator[Problem]:
    right = 'write it as "2026-12-01T02:00:00+01:00", or without the offset in its timezone'
    zone = zone_of(planned.timezone) or ZoneInfo("UTC")
    found: list[datetime] = []
    for name in ("start", "end"):
        text: str = getattr(planned, name)
        try:
            found.append(_instant(text, zone))
        except (ValueError, OverflowError):
            wrong = f'"{text}" is not a date and time' if text else "is missing"
            yield Problem(path=(*path, name), wrong=wrong, right=right)
    if len(found) == 2 and not found[0] < found[1]:
        yield Problem(
            path=(*path, "end"), wrong="is not after start", right="give it an end after its start"
        )


def _weekly_problems(planned: MaintenanceSettings, path: KeyPath) -> Iterator[Problem]:
    if not planned.weekdays:
        yield Problem(
            path=(*path, "weekdays"), wrong="is missing", right='give it days, as ["sunday"]'
        )
    for number, day in enumerate(planned.weekdays):
        if day not in WEEKDAYS:
            yield Problem(
                path=(*path, "weekdays", number),
                wrong=f'"{day}" is not a day',
                right=f"known are {', '.join(WEEKDAYS)}",
            )
    try:
        right_time = time.fromisoformat(planned.start_time).tzinfo is None
    except ValueError:
        right_time = False
    if not right_time:
        yield Problem(
            path=(*path, "start_time"),
            wrong=f'"{planned.start_time}" is not a time of day',
            right='write it as "02:30"',
        )
    if not planned.duration_minutes:
        yield Problem(
            path=(*path, "duration_minutes"), wrong="is missing", right="say how many minutes"
        )
