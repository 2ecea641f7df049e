"""Groups of errors as the store counts them: read for both reports of errors."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
from msgspec import Struct

from analytics.by_day import by_day, hot_by_cell, summed
from analytics.owners import OwnerRule, owner_of
from analytics.question import Window
from analytics.reading import Days, Reading
from analytics.reports.error_types import ErrorGroup, ErrorPart, ErrorState, total
from analytics.sql import query, with_read
from analytics.times import aware
from store.snapshot import Snapshot

NEW_FOR = timedelta(days=7)
GROUPS_MAX = 2_000
"""Those that most sessions met; the basis says when there are more."""


class ErrorDays(Struct, frozen=True):
    """The whole UTC days a report of errors reads, both included."""

    first: date
    last: date

    @classmethod
    def of(cls, window: Window, now: datetime) -> "ErrorDays":
        """Those that `window` touches, up to today."""
        lived = Window(window.start, min(window.end, now))
        return cls(lived.first_day, lived.last_day)

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1

    def window(self, now: datetime) -> Window:
        """From the first's midnight to the end of the last, or to now."""
        start = datetime.combine(self.first, time(), tzinfo=UTC)
        end = datetime.combine(self.last, time(), tzinfo=UTC) + timedelta(days=1)
        return Window(start, max(start, min(end, now)))


class Choice(Struct, frozen=True, kw_only=True):
    """Which errors are asked for; "" leaves a matter open. A release goes with nothing else."""

    level: str = ""
    page: str = ""
    release: str = ""

    @property
    def part(self) -> str:
        """What the counts that answer it are by."""
        chosen = [name for name in ("level", "page", "release") if getattr(self, name)]
        return " ".join(chosen) or "all"


class Groups:
    """The groups of a site's days. Every query of it is of one snapshot."""

    def __init__(
        self,
        snapshot: Snapshot,
        site: str,
        days: ErrorDays,
        *,
        now: datetime,
        owners: Sequence[OwnerRule],
    ) -> None:
        self._snapshot = snapshot
        self._site = site
        self._days = days
        self._now = now
        self._owners = owners
        self._of = {"site": site, "first_day": days.first, "last_day": days.last}
        self._counted = {"hot_counted": self._hot("errors_hot_counted")}

    def _hot(self, name: str) -> pa.Table:
        """The rows of query NAME over hot errors, those of each closed cell by themselves."""
        text = with_read("errors_hot", name)

        def found(days: Days, _: Window) -> pa.Table:
            of_days = {"first_day": days.first, "last_day": days.last}
            return self._snapshot.arrow(text, {"site": self._site, **of_days})

        days = Days(self._days.first, self._days.last)
        window = self._days.window(self._now)
        return hot_by_cell(self._snapshot, self._site, days, window, {"query": text}, found)

    def counted(self, choice: Choice, fingerprint: str | None = None) -> list[dict[str, Any]]:
        """One row a group that was met, most sessions first: errors_listed.sql."""
        frame = self._snapshot.rows(
            with_read("errors_counted", "errors_listed"),
            {
                **self._of,
                "part": choice.part,
                "level": choice.level or None,
                "page": choice.page or None,
                "release": choice.release or None,
                "fingerprint": fingerprint,
                "most": GROUPS_MAX + 1,
            },
            self._counted,
        )
        names = (
            *("fingerprint", "errors", "errors_variance", "sessions", "sessions_variance"),
            *("days", "generated"),
        )
        return [dict(zip(names, row, strict=True)) for row in frame]

    def sessions(self) -> dict[tuple[str, str], float]:
        """All sessions of the days, by part and its value."""
        reading = Reading(
            fragment="read_sampled",
            parameters={**self._of, "files": []},
            days=Days(self._days.first, self._days.last),
            asked=1.0,
            rate=1.0,
        )

        def count(reading: Reading, _: Window) -> pa.Table:
            straddling = reading.parameters.get("straddling", [])
            asked = {**reading.summaries(self._snapshot), "straddling": straddling}
            return self._snapshot.arrow(query("error_sessions"), asked)

        window = self._days.window(self._now)
        found = by_day(self._snapshot, reading, window, {"of": "error sessions", "form": 1}, count)
        rows = summed(found, "part", "value")
        return {(row["part"], row["value"]): float(row["sessions"]) for row in rows}

    def parts(
        self,
        fingerprints: Sequence[str],
        by: Sequence[str],
        sessions: dict[tuple[str, str], float],
    ) -> dict[str, list[ErrorPart]]:
        """Each group by what is asked, most sessions first."""
        rows = self._snapshot.rows(
            with_read("errors_counted", "errors_parts"),
            {**self._of, "fingerprints": list(fingerprints), "parts": list(by)},
            self._counted,
        )
        found: dict[str, list[ErrorPart]] = {}
        for fingerprint, part, value, errors, variance, met, met_variance in rows:
            among = sessions.get((part, value)) if part != "page" else None
            found.setdefault(fingerprint, []).append(
                ErrorPart(
                    by=part,
                    value=value,
                    errors=total(errors, variance),
                    sessions=total(met, met_variance),
                    share=min(met / among, 1.0) if among else None,
                )
            )
        return found

    def known(self, fingerprints: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """What is known of each: errors_groups.sql."""
        rows = self._snapshot.rows(
            query("errors_groups"),
            {"site": self._site, "fingerprints": list(fingerprints)},
            {"hot_groups": self._hot("errors_hot_groups")},
        )
        return {row[0]: row for row in rows}

    @staticmethod
    def unknown(row: dict[str, Any]) -> tuple[Any, ...]:
        """Of a group that was counted, and sealed, before anybody looked: its days alone."""
        first, last = (datetime.combine(each(row["days"]), time()) for each in (min, max))
        return (row["fingerprint"], *[""] * 4, first, last, "", "", None, None, None, "")

    def met_on(self, fingerprint: str, most: int) -> list[date]:
        rows = self._snapshot.rows(
            with_read("errors_counted", "error_days"),
            {**self._of, "fingerprint": fingerprint, "most": most},
            self._counted,
        )
        return [day for (day,) in rows]

    def group(
        self,
        row: dict[str, Any],
        known: tuple[Any, ...],
        levels: Iterable[ErrorPart],
        sessions: float | None,
    ) -> ErrorGroup:
        """A group of `counted` with what is known of it; `sessions` are all there were."""
        _, name, message, culprit, page, first, last, first_release, last_release = known[:9]
        resolved_at, next_release, regressed_at, regressed_release = known[9:]
        first_seen = aware(first)
        owner = owner_of(self._owners, self._site, page, culprit)
        met = total(row["sessions"], row["sessions_variance"])
        return ErrorGroup(
            fingerprint=row["fingerprint"],
            name=name,
            message=message,
            culprit=culprit,
            page=page,
            state=self._state(first_seen, resolved_at, regressed_at),
            owner="" if owner is None else self._owners[owner].team,
            first_seen=first_seen,
            last_seen=aware(last),
            first_release=first_release,
            last_release=last_release,
            errors=total(row["errors"], row["errors_variance"]),
            sessions=met,
            share=min(met.value / sessions, 1.0) if sessions else None,
            levels=tuple(levels),
            days=tuple(
                float(row["days"].get(self._days.first + timedelta(days=number), 0.0))
                for number in range(self._days.count)
            ),
            resolved_at=aware(resolved_at) if resolved_at else None,
            next_release=bool(next_release),
            regressed_at=aware(regressed_at) if regressed_at else None,
            regressed_release=regressed_release,
        )

    def _state(
        self, first_seen: datetime, resolved: datetime | None, regressed: datetime | None
    ) -> ErrorState:
        if resolved:
            return ErrorState.REGRESSED if regressed else ErrorState.RESOLVED
        return ErrorState.NEW if self._now - first_seen < NEW_FOR else ErrorState.ONGOING
