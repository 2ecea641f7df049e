"""Whether a site's sample is like its sessions: session ids come from browsers, so can be chosen.

Each hour, over stretches of some lengths, the share of sessions that is in the sample is tested
against its rate, and what happened to those in it against what the summaries say of everyone: exact
binomial and hypergeometric tails, at four standard deviations. A failure flags the figures read
from the sample of that time.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from math import exp, lgamma, log

from msgspec import Struct

from analytics.question import SiteScope, Unit, Window
from analytics.sql import query
from analytics.times import aware, naive
from rum.bucket import BUCKETS, bucket_end
from store.snapshot import Snapshot

WINDOWS_H = (1, 24, 168)
TAIL_MAX = 3.167e-5
"""Of each side: four standard deviations of a normal distribution."""
KNOWN_MIN = 200
"""With fewer sessions, browsers are taken to send all of theirs."""


class What(StrEnum):
    """What of the sample was compared with everyone."""

    SESSIONS = "sessions"
    """How many are in it; users where the sample is of users."""
    EVENTS = "events"
    """Those with an event, such as a conversion."""
    ERRORS = "errors"
    VIEWS = "views"
    """Those with more than one view."""


class SkewCheck(Struct, frozen=True, kw_only=True):
    """Of `of_all` in the `window_h` hours up to `until`, `in_sample` are in the sample."""

    site: str
    until: datetime
    window_h: int
    what: What
    of_all: int
    in_sample: int
    expected: float
    failed: bool

    @property
    def sentence(self) -> str:
        """ "the sample may be skewed: in the 24 h up to 14 Oct 10:00 UTC it holds ..."."""
        things = {
            What.SESSIONS: "sessions",
            What.EVENTS: "sessions with an event",
            What.ERRORS: "sessions with an error",
            What.VIEWS: "sessions with more than one view",
        }[self.what]
        when = f"{self.until.day} {self.until:%b %H:%M} UTC"
        return (
            f"the sample may be skewed: in the {self.window_h} h up to {when} it holds"
            f" {self.in_sample:,} of {self.of_all:,} {things}, where about {self.expected:,.0f}"
            " would be; forged sessions do that"
        )


def skew_checks(snapshot: Snapshot, scope: SiteScope, until: datetime) -> list[SkewCheck]:
    """The checks of one site's sample up to `until`; none where everything is in it."""
    if scope.sample >= 1:
        return []
    first = (until - timedelta(hours=max(WINDOWS_H))).date()
    rows = snapshot.rows(
        query("skew_counts"),
        {
            "site": scope.site,
            "files": snapshot.summary_files([scope.site], first, until.date()),
            "first_day": first,
            "last_day": until.date(),
            "until": naive(until),
            "windows_h": list(WINDOWS_H),
            "bucket_end": bucket_end(scope.sample),
            "of_users": scope.unit is Unit.USER,
        },
    )
    return [check for row in rows for check in checks_of_counts(scope, until, row)]


def skew_found(snapshot: Snapshot, site: str | None, window: Window) -> list[SkewCheck]:
    """Noted checks that failed for some part of the window, of one site or of all."""
    rows = snapshot.rows(
        query("skew_found"),
        {"site": site, "start": naive(window.start), "end": naive(window.end)},
    )
    return [
        SkewCheck(
            site=name,
            until=aware(until),
            window_h=window_h,
            what=What(what),
            of_all=of_all,
            in_sample=in_sample,
            expected=expected,
            failed=failed,
        )
        for name, until, window_h, what, of_all, in_sample, expected, failed in rows
    ]


def checks_of_counts(
    scope: SiteScope, until: datetime, row: tuple[int, ...]
) -> Iterator[SkewCheck]:
    """The checks of one stretch, a row of skew_counts.sql."""
    window_h, bucket_most, people, people_in, *parts = row
    rate = _rate(scope.sample, bucket_most, people)
    counts = [(What.SESSIONS, people, people_in, people * rate, _binomial(people_in, people, rate))]
    for place, what in enumerate((What.EVENTS, What.ERRORS, What.VIEWS)):
        having, having_in = parts[2 * place : 2 * place + 2]
        chance = _hypergeometric(having_in, people, having, people_in)
        counts.append((what, having, having_in, having * people_in / people, chance))
    for what, of_all, in_sample, expected, chance in counts:
        yield SkewCheck(
            site=scope.site,
            until=until,
            window_h=window_h,
            what=what,
            of_all=of_all,
            in_sample=in_sample,
            expected=expected,
            failed=chance < TAIL_MAX,
        )


def _rate(sample: float, bucket_most: int, people: int) -> float:
    """The share of what arrives that the sample holds: more where browsers send a share only, which
    ends at the highest bucket that is met."""
    sent = (bucket_most + 1) / BUCKETS if people >= KNOWN_MIN else 1.0
    return min(1.0, bucket_end(sample) / BUCKETS / sent)


def _binomial(k: int, n: int, p: float) -> float:
    """The chance of as many as k of n or more, or as few or fewer: the side that k is on."""
    if not 0 < p < 1:
        return 1.0
    start = exp(_choose(n, k) + k * log(p) + (n - k) * log(1 - p))
    if k >= n * p:
        return _tail(start, ((n - i) / (i + 1) * p / (1 - p) for i in range(k, n)))
    return _tail(start, (i / (n - i + 1) * (1 - p) / p for i in range(k, 0, -1)))


def _hypergeometric(k: int, population: int, having: int, drawn: int) -> float:
    """The same of drawing k of `having` among `drawn` out of `population`."""
    rest = population - having
    if not having or not drawn or not rest or drawn == population:
        return 1.0
    start = exp(_choose(having, k) + _choose(rest, drawn - k) - _choose(population, drawn))
    if k * population >= having * drawn:
        ups = range(k, min(having, drawn))
        return _tail(
            start,
            ((having - i) * (drawn - i) / ((i + 1) * (rest - drawn + i + 1)) for i in ups),
        )
    downs = range(k, max(0, drawn - rest), -1)
    return _tail(
        start,
        (i * (rest - drawn + i) / ((having - i + 1) * (drawn - i + 1)) for i in downs),
    )


def _tail(start: float, ratios: Iterator[float]) -> float:
    total = term = start
    for ratio in ratios:
        term *= ratio
        total += term
        if term < total * 1e-12:
            break
    return total


def _choose(n: int, k: int) -> float:
    """The logarithm of n over k."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
