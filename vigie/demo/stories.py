"""What happened in the demo's generated past: five stories, placed from `now` alone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from analytics.question import Window
from vigie.demo import network

CHECK_DAYS = 90
SESSION_DAYS = 30
OUTAGE_MINUTES = 47
VIGIE_OFF_MINUTES = 12
BAD_RELEASE_HOURS = 6

_TUESDAY, _THURSDAY = 1, 3
_ZONE = ZoneInfo(network.ZONE)


class Release(Struct, frozen=True):
    """A release of the demo site, out from `start`."""

    name: str
    start: datetime


class Stories(Struct, frozen=True, kw_only=True):
    """When each story of a history that ends at `now` happened. UTC.

    Stories fall on days of their own. The outage lies in the calendar month before `now`; where
    that is more than 30 days back it shows in the checks alone.
    """

    now: datetime
    outage: Window
    """A: the whole site down, for longer than 99.9 % of a month allows."""
    bad_release: Window
    """B: step 2 of the mandate form refuses novices; probes see nothing."""
    slow_listings: Window
    """C: the listings are slow, on phones only."""
    vigie_off: Window
    """D: Vigie itself is off: nothing was observed, nothing was down."""
    novice_gap: Window
    """E: novices give up more than others at one step, all the time."""
    releases: tuple[Release, ...]

    @property
    def outage_month(self) -> Window:
        """The calendar month (UTC) that story A breaks."""
        start = self.outage.start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return Window(start, (start + timedelta(days=32)).replace(day=1))


def plan_stories(now: datetime) -> Stories:
    """Where the five stories fall in a history that ends at `now` (aware)."""
    today = now.astimezone(UTC).date()
    bad_release = _back(today, from_days=2)
    vigie_off = _back(today, from_days=(today - bad_release).days + 2)
    outage = _outage_day(today, {bad_release, vigie_off})
    slow = _slow_week(today, outage, vigie_off)
    bad_start = _at(bad_release, time(9, 30))
    return Stories(
        now=now.astimezone(UTC),
        outage=_lasting(_at(outage, time(10, 12)), timedelta(minutes=OUTAGE_MINUTES)),
        bad_release=_lasting(bad_start, timedelta(hours=BAD_RELEASE_HOURS)),
        slow_listings=_lasting(slow, timedelta(days=7)),
        vigie_off=_lasting(_at(vigie_off, time(14, 20)), timedelta(minutes=VIGIE_OFF_MINUTES)),
        novice_gap=Window(now.astimezone(UTC) - timedelta(days=SESSION_DAYS), now.astimezone(UTC)),
        releases=(
            Release("2.12", datetime(1970, 1, 1, tzinfo=UTC)),
            Release("2.13", _at(today - timedelta(days=19), time(7))),
            Release("2.14", bad_start),
            Release(network.RELEASE_NOW, bad_start + timedelta(hours=BAD_RELEASE_HOURS)),
        ),
    )


def _back(today: date, *, from_days: int) -> date:
    """The last Tuesday to Thursday at least `from_days` days before today."""
    day = today - timedelta(days=from_days)
    while not _TUESDAY <= day.weekday() <= _THURSDAY:
        day -= timedelta(days=1)
    return day


def _outage_day(today: date, taken: set[date]) -> date:
    """The last free Tuesday to Thursday of the month before today's."""
    day = today.replace(day=1) - timedelta(days=1)
    while not _TUESDAY <= day.weekday() <= _THURSDAY or day in taken:
        day -= timedelta(days=1)
    return day


def _slow_week(today: date, outage: date, vigie_off: date) -> datetime:
    """The start (UTC) of the latest seven whole days before D that do not hold A."""
    last = vigie_off - timedelta(days=1)
    if last - timedelta(days=7) < outage <= last:
        last = outage - timedelta(days=1)
    return datetime.combine(last - timedelta(days=6), time(0), tzinfo=UTC)


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, tzinfo=_ZONE).astimezone(UTC)


def _lasting(start: datetime, length: timedelta) -> Window:
    return Window(start, start + length)
