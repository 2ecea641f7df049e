"""The rate a report really reads: numbers.md, "Sampling".

A report reads the rate asked for, unweighted. Where its answer would be withheld and more is kept,
it reads all that is kept, weighted by 1 / inclusion; never a mix of the two.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

from msgspec import Struct

from analytics.basis import Basis
from analytics.question import SiteScope, Window
from analytics.sql import query, with_read
from analytics.times import naive
from rum.bucket import bucket_end
from store.snapshot import Snapshot

Answer = TypeVar("Answer")


class Days(Struct, frozen=True):
    """The UTC days a report reads, both included."""

    first: date
    last: date


class Reading(Struct, frozen=True, kw_only=True):
    """What a report reads: the fragment defining its rows, and that fragment's parameters."""

    fragment: str
    parameters: dict[str, Any]
    asked: float
    rate: float
    note: str = ""


def read(
    snapshot: Snapshot,
    scope: SiteScope,
    days: Days,
    sample: float | None,
    answer: Callable[[Reading], Answer],
    withheld: Callable[[Answer], bool],
) -> tuple[Answer, Reading]:
    """The answer at the rate asked for (None: the site's), or at all that is kept, and which.

    Raises ValueError for a rate outside 0..1.
    """
    asked = scope.sample if sample is None else sample
    bucket_end(asked)
    sampled_rate, kept_rate, most = _sealed_rates(snapshot, scope, days) or (1.0, 1.0, 1.0)
    if asked > kept_rate:
        note = f"less than {asked:.0%} is kept: all that is kept was read, weighted"
        reading = _reading_kept(snapshot, scope, days, asked, kept_rate, note)
        return answer(reading), reading
    reading = _reading_sampled(snapshot, scope, days, asked, asked, rest=asked > sampled_rate)
    found = answer(reading)
    if most <= asked or not withheld(found):
        return found, reading
    note = f"some figures are withheld at {asked:.0%}: all that is kept was read"
    if kept_rate == 1:
        reading = _reading_sampled(snapshot, scope, days, asked, 1.0, rest=True, note=note)
    else:
        reading = _reading_kept(snapshot, scope, days, asked, kept_rate, f"{note}, weighted")
    return answer(reading), reading


def basis(
    snapshot: Snapshot, reading: Reading, definition: str, window: Window, note: str = ""
) -> Basis:
    """The basis of a report over sampled sessions."""
    ((sessions, generated),) = snapshot.rows(
        with_read(reading.fragment, "sessions_read"),
        {**reading.parameters, "start": naive(window.start), "end": naive(window.end)},
    )
    return Basis(
        definition=definition,
        start=window.start,
        end=window.end,
        asked_sample=reading.asked,
        sample=reading.rate,
        sessions=sessions,
        generated=generated,
        note="; ".join(part for part in (reading.note, note) if part),
    )


def sealed_days(snapshot: Snapshot, scope: SiteScope, days: Days) -> bool:
    """Whether any of the days is sealed: its counts are then by the hour."""
    return _sealed_rates(snapshot, scope, days) is not None


def _sealed_rates(
    snapshot: Snapshot, scope: SiteScope, days: Days
) -> tuple[float, float, float] | None:
    """The lowest rates at which the sealed ones of the days were sampled and kept, and the highest
    of any session."""
    ((sampled, kept, most),) = snapshot.rows(
        query("kept_rates"), {"site": scope.site, "first_day": days.first, "last_day": days.last}
    )
    return None if sampled is None else (sampled, kept, most)


def _reading_sampled(
    snapshot: Snapshot,
    scope: SiteScope,
    days: Days,
    asked: float,
    rate: float,
    *,
    rest: bool,
    note: str = "",
) -> Reading:
    parameters = _parameters(snapshot, scope, days, rest=rest)
    return Reading(
        fragment="read_sampled",
        parameters={**parameters, "bucket_end": bucket_end(rate)},
        asked=asked,
        rate=rate,
        note=note,
    )


def _reading_kept(
    snapshot: Snapshot, scope: SiteScope, days: Days, asked: float, rate: float, note: str
) -> Reading:
    summaries = snapshot.summary_files([scope.site], days.first, days.last)
    parameters = _parameters(snapshot, scope, days, rest=True)
    return Reading(
        fragment="read_kept",
        parameters={**parameters, "summary_files": summaries},
        asked=asked,
        rate=rate,
        note=note,
    )


def _parameters(snapshot: Snapshot, scope: SiteScope, days: Days, *, rest: bool) -> dict[str, Any]:
    return {
        "site": scope.site,
        "files": snapshot.detail_files([scope.site], days.first, days.last, rest=rest),
        "first_day": days.first,
        "last_day": days.last,
    }
