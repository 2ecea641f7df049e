"""The monthly attestation: what personal data was deleted, by term or on request, what is kept."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
from msgspec import Struct

from analytics.question import Window
from analytics.sql import query
from analytics.times import aware, naive
from store.snapshot import Snapshot

WORDS = {
    "sealed files": "sealed files of days past their term",
    "hot events": "events past their term that were never sealed",
    "recordings": "chunks of recordings",
    "refused": "refused beacons and events",
}
"""What a `what` of table `retirements` is, in words."""


class TermDeletion(Struct, frozen=True, kw_only=True):
    """What went because its term was over: `count` files or rows, in `runs` runs; of what is from
    before the day `before` nothing is left."""

    what: str
    count: int
    before: date
    runs: int

    @property
    def words(self) -> str:
        return WORDS.get(self.what, self.what)


class ErasureLine(Struct, frozen=True, kw_only=True):
    """An erasure that was asked for; `took_h` from the request to the scan that found nothing,
    `masked` rows, frames and chunks of others that quoted an id of it."""

    receipt: str
    site: str
    subject: str
    asked_at: datetime
    finished_at: datetime
    sessions: int
    events: int
    replays: int
    scanned_files: int
    masked: int

    @property
    def took_h(self) -> float:
        return (self.finished_at - self.asked_at).total_seconds() / 3600


class Kept(Struct, frozen=True, kw_only=True):
    """The oldest day of which `place` holds personal data; None when it holds none."""

    place: str
    oldest: date | None


class DeletionReport(Struct, frozen=True, kw_only=True):
    """`start` to `end` is the month, as far as it is over; `kept` is as of `now`."""

    start: datetime
    end: datetime
    now: datetime
    retention_days: int
    terms: tuple[TermDeletion, ...]
    erasures: tuple[ErasureLine, ...]
    kept: tuple[Kept, ...]

    @property
    def first_kept(self) -> date:
        """The oldest day that may be kept. A day's term begins when the day ends."""
        return self.now.astimezone(UTC).date() - timedelta(days=self.retention_days)

    @property
    def overdue(self) -> tuple[Kept, ...]:
        """Where something older than it may be is kept."""
        return tuple(kept for kept in self.kept if kept.oldest and kept.oldest < self.first_kept)

    def sentences(self) -> tuple[str, ...]:
        """What is attested, in words."""
        term = f"Personal data is kept for {self.retention_days} days after the day it was received"
        if self.overdue:
            late = ", ".join(f"{kept.place} from {kept.oldest}" for kept in self.overdue)
            state = f"{term}, but some is overdue: {late}."
        else:
            state = f"{term}; at {self.now:%Y-%m-%d %H:%M} UTC none older is in the store."
        if not self.erasures:
            asked = "No erasure was asked for and finished in this month."
        else:
            longest = max(line.took_h for line in self.erasures)
            asked = (
                f"Erasures finished: {len(self.erasures)}, each within {max(longest, 0.1):.1f} h of"
                f" its request; what others' records quoted was masked"
                f" ({sum(line.masked for line in self.erasures):,}); after each, every file was"
                " read and no trace found."
            )
        backups = (
            "Backups still hold what was erased or retired until they expire themselves, within the"
            " same term; a restore applies the tombstones first."
        )
        return (state, asked, backups)

    def frame(self) -> pd.DataFrame:
        """One row a kind of deletion by term, and one an erasure."""
        rows = [
            {
                "what": line.what,
                "count": line.count,
                "masked": 0,
                "before": str(line.before),
                "receipt": "",
            }
            for line in self.terms
        ] + [
            {
                "what": f"erasure of a {line.subject}",
                "count": line.events,
                "masked": line.masked,
                "before": "",
                "receipt": line.receipt,
            }
            for line in self.erasures
        ]
        return pd.DataFrame(rows, columns=["what", "count", "masked", "before", "receipt"])


def deletion(
    snapshot: Snapshot, window: Window, now: datetime, *, retention_days: int
) -> DeletionReport:
    """What was deleted in `window`, a calendar month in UTC, and what is kept at `now`."""
    asked = {"start": naive(window.start), "end": naive(window.end)}
    return DeletionReport(
        start=window.start,
        end=window.end,
        now=now,
        retention_days=retention_days,
        terms=tuple(
            TermDeletion(what=what, count=count, before=before, runs=runs)
            for what, count, before, runs in snapshot.rows(query("deletion_terms"), asked)
        ),
        erasures=tuple(
            ErasureLine(
                receipt=receipt,
                site=site,
                subject=subject,
                asked_at=aware(asked_at),
                finished_at=aware(finished_at),
                sessions=counts[0],
                events=counts[1],
                replays=counts[2],
                scanned_files=counts[3],
                masked=counts[4],
            )
            for receipt, site, subject, asked_at, finished_at, *counts in snapshot.rows(
                query("deletion_erasures"), asked
            )
        ),
        kept=tuple(
            Kept(place=place, oldest=oldest)
            for place, oldest in snapshot.rows(query("deletion_oldest"))
        ),
    )
