"""How findings write times, lengths, shares and lists, in plain English."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from analytics.estimates import Difference
from analytics.question import Window


def moment(instant: datetime) -> str:
    """ "14 Oct 09:12 UTC"."""
    return f"{instant.day} {instant:%b %H:%M} UTC"


def stretch(window: Window) -> str:
    """ "on 14 Oct from 09:12 to 09:59 UTC", or with both days."""
    start, end = window.start, window.end
    if (end - timedelta(microseconds=1)).date() == start.date():
        return f"on {start.day} {start:%b} from {start:%H:%M} to {end:%H:%M} UTC"
    return f"from {start.day} {start:%b %H:%M} to {end.day} {end:%b %H:%M} UTC"


def length(span: timedelta) -> str:
    """Two units at most: "47 min", "1 h 12 min", "3 d 4 h"."""
    seconds = round(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def percent(share: float) -> str:
    """Whole, except near the ends, where tenths tell."""
    tenths = 0 < share < 0.02 or 0.98 < share < 1
    return f"{share * 100:.1f} %" if tenths else f"{share * 100:.0f} %"


def money(amount: float, currency: str) -> str:
    """Two figures, for an estimate is not known to the cent: "1,300,000 EUR"."""
    digits = 1 - math.floor(math.log10(abs(amount))) if amount else 0
    return f"{round(amount, min(digits, 0)):,.0f} {currency}"


def points_fewer(difference: Difference) -> str:
    """A negative difference of shares: "12 points less often (95 %: 10 to 14)"."""
    low, high = sorted((max(0.0, -difference.high), -difference.low))
    return (
        f"{-difference.value * 100:.0f} points less often"
        f" (95 %: {low * 100:.0f} to {high * 100:.0f})"
    )


def points_more(difference: Difference) -> str:
    """A negative difference of the shares spared: "34 points more often (95 %: 20 to 48)"."""
    return points_fewer(difference).replace("less often", "more often")


def joined(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def count(number: float, name: str) -> str:
    return f"{number:,.0f} {name}"
