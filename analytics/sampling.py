"""The rate a report really reads: numbers.md, "Sampling".

A report reads the rate asked for, unweighted. Where its answer would be withheld and more is kept,
it reads all that is kept, weighted by 1 / inclusion; never a mix of the two.

A figure about users needs all sessions of each that is read: a sample of users (the site's unit),
or everybody. A sample of sessions holds who comes often more often than others.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa
from msgspec import Struct

from analytics.basis import Basis
from analytics.by_day import by_day
from analytics.question import SiteScope, Unit, Window
from analytics.reading import Days, Reading
from analytics.skew import skew_found
from analytics.sql import query, with_read
from analytics.times import naive
from rum.bucket import bucket_end
from store.snapshot import Snapshot

__all__ = ["Days", "Reading", "UnitError", "basis", "read", "sealed_days"]

Answer = TypeVar("Answer")

_SEALED = {
    "read_sampled": "sealed_sampled",
    "read_sampled_users": "sealed_sampled",
    "read_kept": "sealed_kept",
}
"""By the fragment that reads events, the one that reads the same sessions' sealed summaries."""


class UnitError(ValueError):
    """A figure about users was asked of a sample of sessions: `what` is wrong, and what would be
    `right`."""

    def __init__(self, scope: SiteScope, kept: float) -> None:
        self.what = (
            f"A sample of {scope.site}'s sessions, of which {kept:.0%} are kept, cannot answer for"
            " users: it holds who comes often more often than others."
        )
        self.right = (
            'Count sessions, or choose days that are kept whole; with unit = "user" the site\'s'
            " sample is of users from then on."
        )
        super().__init__(f"{self.what} {self.right}")


class _Sealed(Struct, frozen=True):
    """The lowest rates of a window's sealed days, the highest at which any session was kept, and
    what all of them are samples of."""

    sampled: float = 1.0
    kept: float = 1.0
    most: float = 1.0
    unit: Unit = Unit.USER
    any: bool = False


def read(
    snapshot: Snapshot,
    scope: SiteScope,
    days: Days,
    sample: float | None,
    answer: Callable[[Reading], Answer],
    withheld: Callable[[Answer], bool],
    counts: Unit = Unit.SESSION,
) -> tuple[Answer, Reading]:
    """The answer at the rate asked for (None: the site's), or at all that is kept, and which.

    `counts`: whom the figures are about. Raises UnitError where they are about users and cannot
    be, ValueError for a rate outside 0..1.
    """
    asked = scope.sample if sample is None else sample
    bucket_end(asked)
    sealed = _sealed(snapshot, scope, days)
    if counts is Unit.USER:
        return _read_users(snapshot, scope, days, sealed, asked, answer, withheld)
    if asked > sealed.kept:
        note = f"less than {asked:.0%} is kept: all that is kept was read, weighted"
        reading = _reading_kept(snapshot, scope, days, sealed, asked, note)
        return answer(reading), reading
    reading = _reading_sampled(snapshot, scope, days, sealed, asked, asked)
    found = answer(reading)
    if sealed.most <= asked or not withheld(found):
        return found, reading
    note = f"some figures are withheld at {asked:.0%}: all that is kept was read"
    if sealed.kept == 1:
        reading = _reading_sampled(snapshot, scope, days, sealed, asked, 1.0, note=note)
    else:
        reading = _reading_kept(snapshot, scope, days, sealed, asked, f"{note}, weighted")
    return answer(reading), reading


def _read_users(
    snapshot: Snapshot,
    scope: SiteScope,
    days: Days,
    sealed: _Sealed,
    asked: float,
    answer: Callable[[Reading], Answer],
    withheld: Callable[[Answer], bool],
) -> tuple[Answer, Reading]:
    """Users whole, each standing for itself: never by weight, for what is kept of a user beyond the
    site's rate are single sessions."""
    rate, note = min(asked, sealed.kept), ""
    if not _of_users(scope, sealed) and rate < 1:
        if sealed.kept < 1:
            raise UnitError(scope, sealed.kept)
        rate, note = 1.0, "a sample of sessions cannot answer for users: everything was read"
    elif rate < asked:
        note = f"less than {asked:.0%} is kept: {rate:.0%} of users were read"
    reading = _reading_sampled(snapshot, scope, days, sealed, asked, rate, note=note)
    found = answer(reading)
    if sealed.kept <= rate or not withheld(found):
        return found, reading
    note = f"some figures are withheld at {asked:.0%}: all users that are kept were read"
    reading = _reading_sampled(snapshot, scope, days, sealed, asked, sealed.kept, note=note)
    return answer(reading), reading


def basis(
    snapshot: Snapshot, reading: Reading, definition: str, window: Window, note: str = ""
) -> Basis:
    """The basis of a report over sampled sessions."""
    counted = by_day(
        snapshot, reading, window, {"report": "basis", "form": 1}, partial(_sessions, snapshot)
    ).to_pydict()
    notes = (reading.note, _skewed(snapshot, reading, window), note)
    return Basis(
        definition=definition,
        start=window.start,
        end=window.end,
        asked_sample=reading.asked,
        sample=reading.rate,
        unit=reading.unit,
        sessions=sum(counted["sessions"]),
        generated=any(counted["generated"]),
        note="; ".join(part for part in notes if part),
    )


def _sessions(snapshot: Snapshot, reading: Reading, window: Window) -> pa.Table:
    """How many sessions of a reading lived in the window, and whether any was generated."""
    edges = {"start": naive(window.start), "end": naive(window.end)}
    if reading.of_part or window.start.date() == window.end.date():
        text = with_read(reading.fragment, "sessions_read")
        return snapshot.arrow(text, {**reading.parameters, **edges})
    text = with_read(reading.fragment, "sessions_summed", query(_SEALED[reading.fragment]))
    hot_alone = {"files": snapshot.detail_files([], reading.days.first, reading.days.last)}
    parameters = {**reading.parameters, **reading.summaries(snapshot), **hot_alone}
    return snapshot.arrow(text, {**parameters, **edges})


def _skewed(snapshot: Snapshot, reading: Reading, window: Window) -> str:
    """What the hourly checks found of the sample in the window, where it was one that was read."""
    if reading.rate >= 1:
        return ""
    found = skew_found(snapshot, reading.site, window)
    return found[0].sentence if found else ""


def sealed_days(snapshot: Snapshot, scope: SiteScope, days: Days) -> bool:
    """Whether any of the days is sealed: its counts are then by the hour."""
    return _sealed(snapshot, scope, days).any


def _sealed(snapshot: Snapshot, scope: SiteScope, days: Days) -> _Sealed:
    ((sampled, kept, most, by_user),) = snapshot.rows(
        query("kept_rates"), {"site": scope.site, "first_day": days.first, "last_day": days.last}
    )
    if sampled is None:
        return _Sealed()
    return _Sealed(sampled, kept, most, Unit.USER if by_user else Unit.SESSION, any=True)


def _reading_sampled(
    snapshot: Snapshot,
    scope: SiteScope,
    days: Days,
    sealed: _Sealed,
    asked: float,
    rate: float,
    *,
    note: str = "",
) -> Reading:
    of_users = _of_users(scope, sealed) and rate < 1
    parameters = _parameters(snapshot, scope, days, rest=rate > sealed.sampled)
    return Reading(
        fragment="read_sampled_users" if of_users else "read_sampled",
        parameters={**parameters, "bucket_end": bucket_end(rate)},
        days=days,
        asked=asked,
        rate=rate,
        rest=rate > sealed.sampled,
        unit=Unit.USER if of_users else Unit.SESSION,
        note=note,
    )


def _reading_kept(
    snapshot: Snapshot, scope: SiteScope, days: Days, sealed: _Sealed, asked: float, note: str
) -> Reading:
    parameters = _parameters(snapshot, scope, days, rest=True)
    summaries = snapshot.summary_files([scope.site], days.first, days.last)
    return Reading(
        fragment="read_kept",
        parameters={**parameters, "summary_files": summaries},
        days=days,
        asked=asked,
        rate=sealed.kept,
        rest=True,
        unit=Unit.USER if _of_users(scope, sealed) else Unit.SESSION,
        note=note,
    )


def _of_users(scope: SiteScope, sealed: _Sealed) -> bool:
    """Whether hot and sealed days are samples of users."""
    return scope.unit is Unit.USER and sealed.unit is Unit.USER


def _parameters(snapshot: Snapshot, scope: SiteScope, days: Days, *, rest: bool) -> dict[str, Any]:
    return {
        "site": scope.site,
        "files": snapshot.detail_files([scope.site], days.first, days.last, rest=rest),
        "first_day": days.first,
        "last_day": days.last,
    }
