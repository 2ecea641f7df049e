"""The sessions behind a bar of a funnel: those who came to a step, dropped there, or went on."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct, structs

from analytics.basis import Basis
from analytics.breakdown import LEVEL, Parts, without
from analytics.coded import coded
from analytics.funnel_chain import Chain, came_and_arrived, chained
from analytics.funnel_sessions import chains_by_day, days_of, told
from analytics.question import PLAIN, Rules, SiteScope, Step, Window
from analytics.sampling import Reading, basis, read
from analytics.sql import query
from analytics.times import aware, from_us, to_us
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
    chain = Chain(steps=steps, window=window, within=within, rules=rules)

    def at(reading: Reading) -> pd.DataFrame:
        behind = _behind(snapshot, reading, chain, bar, to_us(now - within))
        return _listed(snapshot, reading, behind, min(after, AFTER_MAX))

    days = days_of(window, within, now)
    frame, reading = read(snapshot, scope, days, sample, at, lambda got: got.empty, rules.unit)
    return FunnelSessionsReport(
        basis=basis(snapshot, reading, DEFINITION, window),
        rows=tuple(_row(*row) for row in frame.head(ROWS_MAX).itertuples(index=False, name=None)),
        after=after,
        more=len(frame) > ROWS_MAX,
    )


def _behind(
    snapshot: Snapshot, reading: Reading, chain: Chain, bar: Bar, settled_before_us: int
) -> pa.Table:
    """Those behind a bar. What is kept of a part is of all bars, each of any level."""
    wanted = dict(zip(bar.by, bar.parts, strict=False))
    parts = Parts([dimension for dimension in wanted if dimension != LEVEL])
    question = {"report": DEFINITION, "form": 1, "parts": (*parts.fragments(), parts.parameters)}
    came_to = partial(_came_to, snapshot, parts)
    found = chains_by_day(snapshot, reading, chain, question, came_to, moment="entered_us")
    found = found.filter(_of_bar(bar, settled_before_us))
    columns = {LEVEL: LEVEL, **dict(zip(parts.dimensions, parts.names, strict=True))}
    for dimension, value in wanted.items():
        found = found.filter(coded(found[columns[dimension]], without(dimension)).are(value))
    if bar.recorded:
        recorded = snapshot.columns(query("funnel_recorded"), {"site": reading.site})["session"]
        found = found.filter(np.isin(found["session"].to_numpy(), recorded))
    return found


def _came_to(snapshot: Snapshot, parts: Parts, reading: Reading, chain: Chain) -> pa.Table:
    found = chained(snapshot, reading, chain)
    text, parameters = told(snapshot, reading, parts, "funnel_bar")
    rows = snapshot.arrow(text, parameters, came_and_arrived(found))
    for name in (LEVEL, *parts.names):
        place = rows.column_names.index(name)
        rows = rows.set_column(place, name, rows[name].dictionary_encode())
    return rows


def _of_bar(bar: Bar, settled_before_us: int) -> pc.Expression:
    came = pc.field("step") == bar.step
    if bar.outcome is Outcome.WENT_ON:
        return came & (pc.field("depth") > bar.step)
    if bar.outcome is Outcome.DROPPED:
        settled = pc.field("entered_last_us") < settled_before_us
        return came & (pc.field("depth") == bar.step) & settled
    return came


def _listed(snapshot: Snapshot, reading: Reading, behind: pa.Table, after: int) -> pd.DataFrame:
    """The rows after the `after` newest, one more than are shown. Only of these, and of any that
    entered at the same moment as the first or the last, it is looked up which sessions they are."""
    if len(behind) <= after:
        return pd.DataFrame()
    entered_us = behind["entered_us"].to_numpy()
    first = len(behind) - 1 - after
    last = max(first - ROWS_MAX, 0)
    ordered = np.partition(entered_us, [last, first])
    shown = behind.filter((entered_us >= ordered[last]) & (entered_us <= ordered[first]))
    arrived_us = shown["last_us"].to_numpy()
    first_day, last_day = (from_us(int(each)).date() for each in np.sort(arrived_us)[[0, -1]])
    return snapshot.frame(
        query("funnel_listed"),
        {
            "site": reading.site,
            "first_day": first_day,
            "last_day": last_day,
            "summary_files": snapshot.summary_files([reading.site], first_day, last_day),
            "most": ROWS_MAX + 1,
            "after": after - int((entered_us > ordered[first]).sum()),
        },
        {"shown": shown},
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
