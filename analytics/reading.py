"""What a report reads: which days, which sessions of them."""

from datetime import date
from enum import StrEnum
from typing import Any

from msgspec import Struct

from analytics.question import Unit
from store.snapshot import Snapshot


class Days(Struct, frozen=True):
    """The UTC days a report reads, both included."""

    first: date
    last: date


class Held(StrEnum):
    """What sessions are held by: the files of sealed days, the rows of hot ones."""

    SEALED = "sealed"
    HOT = "hot"


BOTH = (Held.SEALED, Held.HOT)


class Reading(Struct, frozen=True, kw_only=True):
    """What a report reads: the fragment defining its rows, and that fragment's parameters."""

    fragment: str
    parameters: dict[str, Any]
    days: Days
    asked: float
    rate: float
    rest: bool = False
    """Whether sealed detail beyond the site's sample is among it."""
    unit: Unit = Unit.SESSION
    note: str = ""
    summary_files: tuple[str, ...] | None = None
    """Of sealed sessions; None: those of its days."""
    of_cells: bool = False
    """Whether it is of closed cells of hot days alone."""
    of_rest: bool = False
    """Whether it is of what remains beside closed days or cells, which are read apart."""

    @property
    def site(self) -> str:
        site: str = self.parameters["site"]
        return site

    def summaries(self, snapshot: Snapshot) -> dict[str, Any]:
        """What `summaries_in($summary_files)` needs to hold the sessions that are read."""
        files = self.summary_files
        if files is None:
            files = tuple(snapshot.summary_files([self.site], self.days.first, self.days.last))
        return {
            "summary_files": list(files),
            "site": self.site,
            "first_day": self.days.first,
            "last_day": self.days.last,
        }

    @property
    def weighted(self) -> bool:
        """Whether each session stands for 1 / its inclusion, and not for itself."""
        return self.fragment.startswith("read_kept")

    @property
    def of_part(self) -> bool:
        """Whether it is of closed days or cells alone; see analytics/by_day.py."""
        return self.held != BOTH

    @property
    def held(self) -> tuple[Held, ...]:
        """By what the sessions that are read may be held."""
        if self.of_cells:
            return (Held.HOT,)
        return (Held.SEALED,) if self.fragment.endswith("_day") else BOTH

    @property
    def contents(self) -> tuple[str, ...]:
        """Of the sealed detail, as the store names it."""
        return ("sample", "rest") if self.rest else ("sample",)
