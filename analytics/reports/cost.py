"""What an outage, or any stretch of time, cost a journey: people, conversions and value lost."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from msgspec import Struct, structs

from analytics.basis import Basis
from analytics.expected import band, expected
from analytics.maintenance import Maintenance
from analytics.question import Window
from analytics.reports.activity import HOUR_US, LATE, Judged, judged
from analytics.reports.activity_types import ActivityQuestion
from analytics.reports.perceived import perceived
from analytics.reports.perceived_types import PerceivedQuestion
from analytics.times import from_us, to_us
from analytics.wording import count, money
from store.snapshot import Snapshot

DEFINITION = "cost"
HOURS_MAX = 24 * 7
"""A longer stretch is compared as if it were so long: whole weeks are no outage."""
LOST_MIN = 0.5
"""Of conversions, to be spoken of."""


class Lost(Struct, frozen=True, kw_only=True):
    """What was missing, with the bounds that chance leaves: what is usual then varies."""

    value: float
    low: float
    high: float

    def interval(self) -> str:
        """ "(95 %: 12 to 50)"."""
        return f"(95 %: {self.low:,.0f} to {self.high:,.0f})"


class Missing(Struct, frozen=True, kw_only=True):
    """The conversions of some whole hours, and what is usual in them; None: not known."""

    observed: int
    usual: float | None = None
    conversions: Lost | None = None
    worth: Lost | None = None

    def clause(self, event: str, currency: str) -> str:
        """For a finding: "9 paid against 40 usual, about 31 lost (95 %: 12 to 50)", `event` being
        "" where it was named already; "" where what is usual is not known."""
        if self.usual is None or self.conversions is None:
            return ""
        said = f"{count(self.observed, event).strip()} against {self.usual:,.0f} usual"
        lost = self.conversions
        if lost.value < LOST_MIN:
            return said
        return (
            f"{said}, about {lost.value:,.0f} lost {lost.interval()}{_worth(self.worth, currency)}"
        )


class CostReport(Struct, frozen=True, kw_only=True):
    """`people` are the sessions that were there meanwhile, `met` those of them with time down, both
    of everyone as the sample says. None: what is usual is not known, or there is no event."""

    basis: Basis
    journey: str
    name: str
    event: str
    people: int
    met: int
    missing_min: float | None
    """User-minutes that were missing while a monitor was confirmed down."""
    hours: Window
    """The whole hours in which conversions were compared."""
    observed: int
    usual: float | None
    conversions: Lost | None
    worth: Lost | None
    currency: str

    def sentence(self) -> str:
        """ "About 31 paid fewer than usual (95 %: 12 to 50), worth about 4,100 EUR." """
        if self.conversions is None:
            return "What it cost cannot be told: fewer than three weeks are known."
        lost = self.conversions
        if lost.value < LOST_MIN:
            return f"No fewer {self.event} than usual: {self.observed:,} against {self.usual:,.0f}."
        return (
            f"About {lost.value:,.0f} {self.event} fewer than usual {lost.interval()}"
            f"{_worth(self.worth, self.currency)}."
        )

    def frame(self) -> pd.DataFrame:
        """One row."""
        row: dict[str, object] = {
            name: getattr(self, name)
            for name in ("journey", "event", "people", "met", "missing_min", "observed", "usual")
        }
        for name in ("conversions", "worth"):
            lost: Lost | None = getattr(self, name)
            row[f"{name}_lost"] = lost.value if lost else None
            row[f"{name}_lost_low"] = lost.low if lost else None
            row[f"{name}_lost_high"] = lost.high if lost else None
        return pd.DataFrame([{**row, "currency": self.currency}])


def cost(
    snapshot: Snapshot,
    people: PerceivedQuestion,
    activity: ActivityQuestion | None,
    window: Window,
    now: datetime,
    maintenance: Sequence[Maintenance] = (),
    sample: float | None = None,
) -> CostReport:
    """Of the part of `window` already lived; people by `sample`, conversions at 100 %: those of the
    whole hours it touches, what is usual in them less what came, in which all that was missing was
    missing then."""
    window = Window(window.start, max(window.start, min(window.end, now)))
    lived = perceived(snapshot, people, window, now, maintenance, sample)
    report = CostReport(
        basis=structs.replace(lived.basis, definition=DEFINITION),
        journey=people.journey,
        name=people.name,
        event=activity.event if activity else "",
        people=lived.everyone.people,
        met=lived.everyone.people_met,
        missing_min=lived.lost_min,
        hours=hours_of(window, now),
        observed=0,
        usual=None,
        conversions=None,
        worth=None,
        currency="",
    )
    return report if activity is None else _conversions(snapshot, activity, report, now)


def hours_of(window: Window, now: datetime) -> Window:
    """The whole hours that a window touches and that are over; at least one."""
    first = to_us(window.start) // HOUR_US
    last = max(first + 1, min(-(-to_us(window.end) // HOUR_US), to_us(now) // HOUR_US))
    return Window(from_us(first * HOUR_US), from_us(min(last, first + HOURS_MAX) * HOUR_US))


def missing(found: Judged, hours: Window) -> Missing:
    """Of whole hours: what is usual in them less what came."""
    first, last = (to_us(edge) // HOUR_US for edge in (hours.start, hours.end))
    observed = sum(found.counts.get(hour, 0) for hour in range(first, last))
    place = last - found.volume.first
    wide = expected(found.volume, last - first)
    mu = float(wide.mu[place]) if 0 <= place < len(wide.mu) else float("nan")
    if not np.isfinite(mu):
        return Missing(observed=observed)
    low, high = band(mu, float(wide.k[place]))
    lost = Lost(
        value=max(0.0, mu - observed),
        low=max(0.0, float(low - observed)),
        high=max(0.0, float(high - observed)),
    )
    came = sum(found.counts.values())
    each = sum(found.values.values()) / came if came else 0.0
    worth = Lost(value=lost.value * each, low=lost.low * each, high=lost.high * each)
    return Missing(
        observed=observed,
        usual=mu,
        conversions=lost,
        worth=worth if each and found.currency else None,
    )


def _conversions(
    snapshot: Snapshot, activity: ActivityQuestion, report: CostReport, now: datetime
) -> CostReport:
    found = judged(snapshot, activity, report.hours, max(now, report.hours.end + LATE))
    return structs.replace(
        report, currency=found.currency, **structs.asdict(missing(found, report.hours))
    )


def _worth(worth: Lost | None, currency: str) -> str:
    return f", worth about {money(worth.value, currency)}" if worth and currency else ""
