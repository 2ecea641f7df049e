"""The sessions behind a bar of a funnel: those who came to a step, dropped there, or went on."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import pandas as pd
from msgspec import Struct, structs

from analytics.basis import Basis
from analytics.breakdown import Parts, without
from analytics.funnel_chain import Chain, chained
from analytics.funnel_sessions import days_of, told
from analytics.question import PLAIN, Rules, SiteScope, Step, Window
from analytics.sampling import Reading, basis, read
from analytics.sql import query
from analytics.times import aware, to_us
from store.snapshot import Snapshot

DEFINITION = "funnel_sessions"
ROWS_MAX = 50
AFTER_MAX = 10_000


class Outcome(StrEnum):
    """What became of those who came to a step."""

    REACHED = "reached"
    DROPPED = "dropped"
    """And are no longer in the window."""
    WENT_ON = "went_on"


class Bar(Struct, frozen=True, kw_only=True):
    """Which bar: the step (from 1), what became of them, and the values of up to two dimensions;
    () for everyone."""

    step: int
    outcome: Outcome = Outcome.DROPPED
    by: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    recorded: bool = False
    """Only those with a recording."""


class FunnelSessionRow(Struct, frozen=True, kw_only=True):
    """One session; of a user, the one in which they came to the step last. Times are UTC.

    `depth` is the last step reached; `chunks` pieces of a recording hold `recorded_s` seconds.
    """

    session: str
    entered: datetime
    arrived: datetime
    depth: int
    level: str
    took_s: float | None
    chunks: int
    recorded_s: float


class FunnelSessionsReport(Struct, frozen=True, kw_only=True):
    """At most ROWS_MAX of them, after the `after` newest; `more`: there are others still."""

    basis: Basis
    rows: tuple[FunnelSessionRow, ...]
    after: int
    more: bool

    def frame(self) -> pd.DataFrame:
        """One row a session."""
        return pd.DataFrame([structs.asdict(row) for row in self.rows])


def funnel_sessions(
    snapshot: Snapshot,
    scope: SiteScope,
    steps: Sequence[Step],
    window: Window,
    bar: Bar,
    *,
    convert_within_s: float,
    now: datetime,
    sample: float | None = None,
    rules: Rules = PLAIN,
    after: int = 0,
) -> FunnelSessionsReport:
    """The sessions, who entered last first. Raises as funnel() does, and ValueError for a bar that
    the funnel does not have."""
    if not 1 <= bar.step <= len(steps):
        raise ValueError(f"the funnel has steps 1 to {len(steps)}, not {bar.step}")
    if bar.parts and len(bar.parts) != len(bar.by):
        raise ValueError(f"of {len(bar.by)} dimensions, {len(bar.parts)} values are given")
    within = timedelta(seconds=convert_within_s)

    def at(reading: Reading) -> pd.DataFrame:
        return _listed(snapshot, reading, scope, steps, window, bar, within, now, rules, after)

    days = days_of(window, within, now)
    frame, reading = read(snapshot, scope, days, sample, at, lambda got: got.empty, rules.unit)
    return FunnelSessionsReport(
        basis=basis(snapshot, reading, DEFINITION, window),
        rows=tuple(_row(*row) for row in frame.head(ROWS_MAX).itertuples(index=False, name=None)),
        after=after,
        more=len(frame) > ROWS_MAX,
    )


def _listed(
    snapshot: Snapshot,
    reading: Reading,
    scope: SiteScope,
    steps: Sequence[Step],
    window: Window,
    bar: Bar,
    within: timedelta,
    now: datetime,
    rules: Rules,
    after: int,
) -> pd.DataFrame:
    parts = Parts(bar.by)
    chain = Chain(steps=steps, window=window, within=within, rules=rules)
    found = chained(snapshot, reading, chain, views=True)
    if found is None:
        return pd.DataFrame()
    names = [*parts.names, "NULL", "NULL"][:2]
    listed = query("funnel_listed").format(first=names[0], second=names[1])
    text, parameters = told(snapshot, reading, parts, "funnel_bar", listed)
    asked = [*bar.parts, None, None][:2]
    missing = [*(without(name) for name in bar.by), None, None][:2]
    return snapshot.frame(
        text,
        {
            **parameters,
            "step": bar.step,
            "outcome": bar.outcome.value,
            "recorded": bar.recorded,
            "settled_before_us": to_us(now - within),
            **{f"part_{n}": value for n, value in enumerate(asked, 1)},
            **{f"without_{n}": value for n, value in enumerate(missing, 1)},
            "most": ROWS_MAX + 1,
            "after": min(after, AFTER_MAX),
        },
        {"came": found.came, "arrived": found.arrived},
    )


def _row(
    session: UUID,
    entered: pd.Timestamp,
    arrived: pd.Timestamp,
    depth: int,
    level: str,
    took_s: float | None,
    chunks: int,
    recorded_s: float,
) -> FunnelSessionRow:
    return FunnelSessionRow(
        session=UUID(str(session)).hex,
        entered=aware(entered.to_pydatetime()),
        arrived=aware(arrived.to_pydatetime()),
        depth=int(depth),
        level=level,
        took_s=None if took_s is None or took_s != took_s else float(took_s),
        chunks=int(chunks),
        recorded_s=float(recorded_s),
    )
