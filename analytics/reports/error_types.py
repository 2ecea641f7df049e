"""The typed values of the reports of errors."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from math import sqrt
from typing import Any

import pandas as pd
from msgspec import Struct, structs

from analytics.basis import Basis
from analytics.estimates import Z


class ErrorState(StrEnum):
    """Where a group stands."""

    REGRESSED = "regressed"
    """Resolved, and met again since."""
    NEW = "new"
    """First met within the last NEW_FOR."""
    ONGOING = "ongoing"
    RESOLVED = "resolved"
    """Somebody said so, and it was not met since."""


class Total(Struct, frozen=True, kw_only=True):
    """A number of all there were: counted, or, where some days were sealed before errors were
    counted, estimated from what was kept of them, with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def exact(self) -> bool:
        return self.low == self.high


def total(value: float, variance: float, seen: float = 0.0) -> Total:
    half = Z * sqrt(max(variance, 0.0))
    return Total(value=value, low=max(value - half, seen), high=value + half)


class ErrorPart(Struct, frozen=True, kw_only=True):
    """A group among one level, release, browser or page. `share` is that of the part's sessions
    that met it, 0..1; None where its sessions are not counted."""

    by: str
    value: str
    errors: Total
    sessions: Total
    share: float | None


class ErrorGroup(Struct, frozen=True, kw_only=True):
    """Errors of one fingerprint. Texts are empty once the detail they came from has gone.

    Times are UTC. `sessions` counts those of each day: one over midnight that met it on both
    counts twice.
    """

    fingerprint: str
    name: str
    message: str
    culprit: str
    page: str
    state: ErrorState
    owner: str
    first_seen: datetime
    last_seen: datetime
    first_release: str
    last_release: str
    errors: Total
    sessions: Total
    share: float | None
    levels: tuple[ErrorPart, ...]
    """Of no page or release alone; then there are none."""
    days: tuple[float, ...]
    """How often on each of the window's days."""
    resolved_at: datetime | None = None
    next_release: bool = False
    """Resolved by the release that was to come."""
    regressed_at: datetime | None = None
    regressed_release: str = ""

    def with_levels(self, levels: Sequence[ErrorPart]) -> "ErrorGroup":
        return structs.replace(self, levels=tuple(levels))


class ErrorRelease(Struct, frozen=True, kw_only=True):
    """A release seen in the window, since when, how many groups were met first in it, and how many
    source maps there are of it."""

    release: str
    since: datetime
    new_groups: int
    source_maps: int


class ErrorsReport(Struct, frozen=True, kw_only=True):
    """Groups after the `after` first: what came back, then what is new, then by sessions."""

    basis: Basis
    rows: tuple[ErrorGroup, ...]
    groups: int
    """How many there are of this choice."""
    states: dict[str, int]
    """How many in each state, whichever was asked for."""
    first_day: date
    releases: tuple[ErrorRelease, ...]
    after: int

    def frame(self) -> pd.DataFrame:
        """One row a group."""
        return pd.DataFrame([group_row(group) for group in self.rows])


class ErrorFrame(Struct, frozen=True, kw_only=True):
    """A frame of a stack as thrown, and, where a source map tells, as written: `source`, its line,
    the function's name there, and the text of the line with those around it."""

    function: str
    file: str
    line: int
    column: int
    in_app: bool
    source: str = ""
    source_line: int = 0
    source_function: str = ""
    text: str = ""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class ErrorMet(Struct, frozen=True, kw_only=True):
    """The last time a session met the group."""

    session: str
    time: datetime
    page: str
    release: str
    browser: str
    device: str
    level: str
    recorded: bool


class ErrorReport(Struct, frozen=True, kw_only=True):
    """One group: by level, release, browser and page; its latest stack; who met it last."""

    basis: Basis
    group: ErrorGroup
    first_day: date
    parts: tuple[ErrorPart, ...]
    message: str
    """As it came the last time."""
    stack: str
    stack_release: str
    frames: tuple[ErrorFrame, ...]
    unresolved: str
    """Why frames are not told as written; "" where they are."""
    met: tuple[ErrorMet, ...]
    releases: dict[str, datetime]
    """Since when each release is known."""

    def frame(self) -> pd.DataFrame:
        """One row a part."""
        return pd.DataFrame(
            [
                {
                    "by": part.by,
                    "value": part.value,
                    **_columns("errors", part.errors),
                    **_columns("sessions", part.sessions),
                    "share": part.share,
                }
                for part in self.parts
            ]
        )


def group_row(group: ErrorGroup) -> dict[str, Any]:
    return {
        "fingerprint": group.fingerprint,
        "state": group.state.value,
        "name": group.name,
        "message": group.message,
        "culprit": group.culprit,
        "page": group.page,
        "owner": group.owner,
        **_columns("errors", group.errors),
        **_columns("sessions", group.sessions),
        "share": group.share,
        "first_seen": group.first_seen,
        "last_seen": group.last_seen,
        "first_release": group.first_release,
        "last_release": group.last_release,
    }


def _columns(name: str, number: Total) -> dict[str, float | None]:
    return {
        name: number.value,
        f"{name}_low": None if number.exact else number.low,
        f"{name}_high": None if number.exact else number.high,
    }
