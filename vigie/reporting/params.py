"""What the words of a request mean: its window, site, level, rate and numbers, or why they cannot
be used."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Protocol, TypeVar

from analytics.question import UNDECLARED, SiteScope, Unit, Window
from analytics.reports.contract_types import Month, month_of
from vigie.calendars import calendar_of
from vigie.failures import BadRequestError as BadRequestError  # whoever reads params raises it
from vigie.settings import Settings, SiteSettings

DAYS_DEFAULT = 30
DAYS_MAX = 400
YEAR_MIN, YEAR_MAX = 1971, 9000
"""Reports read weeks before and after their window; the store has no times before 1970."""
MONTHS_BACK_MAX = 13
WINDOW_PARAMS = frozenset({"days", "start", "end"})
DEVICES = ("desktop", "phone", "tablet")


def window_of(params: Mapping[str, str], now: datetime) -> Window:
    """The window of `days` up to now, or from `start` to `end`.

    A date alone as `end` includes that day; a time without an offset is UTC.
    """
    if "start" not in params and "end" not in params:
        days = number_of(params, "days", DAYS_DEFAULT, least=1 / 24, most=DAYS_MAX)
        return Window(now - timedelta(days=days), now)
    if "days" in params:
        raise BadRequestError("Both days and start or end are given.", "Give one of the two.")
    start = instant_of(params.get("start", ""), "start", end_of_day=False)
    end = instant_of(params["end"], "end", end_of_day=True) if "end" in params else now
    if not start < end:
        raise BadRequestError("The window ends before it starts.", "Give a start before the end.")
    if end - start > timedelta(days=DAYS_MAX + 1):
        raise BadRequestError("The window is too long.", f"Give at most {DAYS_MAX} days.")
    return Window(start, min(end, max(now, start + timedelta(seconds=1))))


def site_of(params: Mapping[str, str], settings: Settings) -> SiteSettings:
    return named(params.get("site", ""), settings.sites, "site")


def scope_of(site: SiteSettings, sample: float | None = None) -> SiteScope:
    """What reports of the site read; `sample`, when given, in place of the site's own rate."""
    return SiteScope(
        site=site.id,
        levels=site.levels,
        sample=site.sample if sample is None else sample,
        unit=Unit(site.unit),
        calendar=calendar_of(site),
    )


def month_asked(text: str, timezone: str, now: datetime) -> Month:
    """The month in "2026-03"; "" is the one that runs. Raises BadRequestError."""
    running = month_of(now, timezone)
    if not text:
        return running
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
        month = Month(first.year, first.month)
    except ValueError:
        month = None
    if month is None or not running.moved(-MONTHS_BACK_MAX) <= month <= running:
        raise BadRequestError(
            f"month={text} cannot be used.",
            f"Give it as {running}, at most {MONTHS_BACK_MAX} months back.",
        )
    return month


class _Named(Protocol):
    @property
    def id(self) -> str: ...


_Thing = TypeVar("_Thing", bound=_Named)


def named(id_: str, things: tuple[_Thing, ...], noun: str) -> _Thing:
    """The thing of that id; the only one there is, when none is named."""
    known = [thing.id for thing in things]
    if not id_ and len(things) == 1:
        return things[0]
    if id_ in known:
        return things[known.index(id_)]
    raise BadRequestError(
        f"There is no {noun} {id_!r}." if id_ else f"No {noun} is named.",
        f"Give {noun}=ID, one of: {', '.join(known)}."
        if known
        else f"Add a [[{noun}s]] table to vigie.toml.",
    )


def level_of(params: Mapping[str, str], site: SiteSettings) -> str:
    return one_of(params, "level", (*site.levels, UNDECLARED))


def one_of(params: Mapping[str, str], param: str, known: tuple[str, ...]) -> str:
    value = params.get(param, "")
    if value and value not in known:
        raise BadRequestError(
            f"{param}={value} is unknown.", f"Give one of: {', '.join(known)}; or none, for all."
        )
    return value


def sample_of(params: Mapping[str, str]) -> float | None:
    if not params.get("sample"):
        return None
    return number_of(params, "sample", 1.0, least=0.0001, most=1.0)


def number_of(
    params: Mapping[str, str], param: str, default: float, *, least: float, most: float
) -> float:
    text = params.get(param, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise BadRequestError(
            f"{param}={text} cannot be used.", f"Give a number from {least:g} to {most:g}."
        )
    return value


def instant_of(text: str, param: str, *, end_of_day: bool) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequestError(
            f"{param}={text} is not a date.", "Give it as 2026-03-31 or 2026-03-31T14:00Z."
        ) from None
    if not YEAR_MIN <= instant.year <= YEAR_MAX:
        raise BadRequestError(
            f"{param}={text} cannot be used.", f"Give a year from {YEAR_MIN} to {YEAR_MAX}."
        )
    if end_of_day and len(text) == len("2026-03-31"):
        instant = datetime.combine(instant.date(), time()) + timedelta(days=1)
    return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)
