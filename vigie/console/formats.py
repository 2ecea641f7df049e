"""Figures, durations and times as the console writes them."""

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from analytics.basis import Estimate

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
THIN = "\u202f"
"""A narrow space that does not break, between a number and its unit."""


def percent(share: float | None, digits: int = 1) -> str:
    return "–" if share is None else f"{share * 100:.{digits}f}{THIN}%"


def uptime_percent(share: float | None) -> str:
    """An uptime, never rounded up: 99.9996 % is not 100 %."""
    if share is None:
        return "no data"
    if share >= 1:
        return f"100{THIN}%"
    # Rounded first where only the float's own error is: 0.99891 * 100000 may be 99890.99999.
    return f"{math.floor(round(share * 100_000, 6)) / 1000:.3f}{THIN}%"


def interval(estimate: Estimate, digits: int = 1) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{estimate.low * 100:.{digits}f}–{estimate.high * 100:.{digits}f}{THIN}%"


def points(difference: float) -> str:
    """A difference of shares in points, signed but where it rounds to nothing."""
    tenths = round(difference * 100, 1)
    return f"{tenths:+.1f}".replace("-", "−") if tenths else "0.0"


def count(number: float | None) -> str:
    return "–" if number is None else f"{number:,.0f}"


def plural(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def vital(value: float | None, name: str) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if name == "cls" else milliseconds(value)


def vital_interval(estimate: Estimate, name: str) -> str:
    """Both bounds, with the unit once where they share it."""
    low, high = vital(estimate.low, name), vital(estimate.high, name)
    number, _, unit = low.partition(THIN)
    return f"{number}–{high}" if high.endswith(THIN + unit) or not unit else f"{low}–{high}"


def breakable(path: str) -> Markup:
    """A path that may be broken after each slash, and nowhere else."""
    return Markup("/<wbr>").join(path.split("/"))


def milliseconds(value: float | None) -> str:
    if value is None:
        return "–"
    if value >= 1000:
        return f"{value / 1000:.2f}{THIN}s"
    return f"{value:.0f}{THIN}ms" if value >= 10 else f"{value:.1f}{THIN}ms"


def duration(seconds: float | None) -> str:
    """Two units at most: 47 min, 1 h 12 min, 3 d 4 h."""
    if seconds is None:
        return "–"
    if seconds < MINUTE_S:
        return f"{seconds:.0f}{THIN}s" if seconds >= 1 or seconds == 0 else f"< 1{THIN}s"
    for unit, name, smaller, smaller_name in (
        (DAY_S, "d", HOUR_S, "h"),
        (HOUR_S, "h", MINUTE_S, "min"),
        (MINUTE_S, "min", 1, "s"),
    ):
        if seconds >= unit:
            whole = int(seconds // unit)
            rest = int((seconds - whole * unit) // smaller)
            return f"{whole}{THIN}{name}" + (f" {rest}{THIN}{smaller_name}" if rest else "")
    raise AssertionError("every duration has a unit")


def days_left(seconds: float) -> str:
    """ "6 days", rounded down; in hours and less below two days."""
    return f"{seconds // DAY_S:.0f} days" if seconds >= 2 * DAY_S else duration(seconds)


def size(octets: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if octets < 1000:
            return f"{octets:.0f}{THIN}{unit}"
        octets /= 1000
    return f"{octets:.1f}{THIN}TB"


def zoned(at: datetime, zone: str, shown: str = "minute") -> str:
    """A time in a zone of its own, which stays in it whoever reads; `shown` as in moment()."""
    local = at.astimezone(ZoneInfo(zone))
    day = f"{local.day} {local:%b %Y}"
    return {
        "day": day,
        "minute": f"{day}, {local:%H:%M %Z}",
        "second": f"{day}, {local:%H:%M:%S %Z}",
        "month": f"{local:%B %Y}",
    }[shown]


def moment(at: datetime | None, shown: str = "minute") -> Markup:
    """A time in UTC, which console.js turns into the reader's zone.

    `shown`: day, minute, second, clock (its day is told elsewhere), or ago (a distance, kept up to
    date by console.js).
    """
    if at is None:
        return Markup("–")
    at = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    text = {
        "day": f"{at.day} {at:%b %Y}",
        "minute": f"{at.day} {at:%b %Y, %H:%M} UTC",
        "second": f"{at.day} {at:%b %Y, %H:%M:%S} UTC",
        "clock": f"{at:%H:%M:%S}",
        "ago": f"{at.day} {at:%b, %H:%M:%S} UTC",
    }[shown]
    return Markup('<time datetime="{}" data-shown="{}">{}</time>').format(
        at.isoformat(timespec="seconds").replace("+00:00", "Z"), shown, text
    )
