"""The sessions that entered a funnel, one element each, and what is counted of them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct, structs
from numpy.typing import NDArray

from analytics.basis import Estimate
from analytics.breakdown import Parts, without
from analytics.by_day import by_day
from analytics.coded import Coded, coded
from analytics.coded import joined as coded_joined
from analytics.estimates import share, users_share
from analytics.funnel_chain import NOBODY_CAME, Chain, chained
from analytics.question import PLAIN, UNDECLARED, Rules, Step, Unit, Window
from analytics.reading import Held
from analytics.sampling import Days, Reading
from analytics.sql import query, with_fragments, with_read
from analytics.times import MICROSECOND, to_us
from analytics.visitors import visitors_at_least
from store.snapshot import Snapshot

Mask = NDArray[np.bool_]


class FunnelSessions(Struct, frozen=True, kw_only=True):
    """Arrays of one length, a session (or user) each. `depth` is the last step reached, from 1.

    `entered_us` is the first entry within the window. `settled` is False while the latest entry
    may still lead on. `took_s` is NaN where the last step was not reached.
    """

    level: Coded
    visitor: NDArray[np.uint64]
    weight: NDArray[np.float64]
    depth: NDArray[np.int64]
    entered_us: NDArray[np.int64]
    settled: Mask
    took_s: NDArray[np.float64]
    parts: dict[str, Coded] = {}
    """By dimension (analytics.breakdown), what each is told apart by."""
    of_users: bool = False
    """Whether what was drawn are users: sessions of one are then alike, and count as a cluster."""


def share_of(
    weight: NDArray[np.float64],
    visitor: NDArray[np.uint64],
    successes: Mask,
    among: Mask,
    *,
    of_users: bool = False,
) -> Estimate:
    """The share of `successes` among those of `among`; arrays of one length, an element each.
    `of_users` as in FunnelSessions."""
    if of_users:
        return users_share(weight[among], visitor[among], successes[among])
    chosen = weight[among]
    did = weight[successes & among]
    return share(
        float(did.sum()),
        float(chosen.sum()),
        float(np.square(chosen).sum()),
        visitors_at_least(visitor[among]),
        successes_squares=float(np.square(did).sum()),
    )


def nobody(dimensions: Sequence[str] = ()) -> FunnelSessions:
    return FunnelSessions(
        parts={dimension: coded([]) for dimension in dimensions},
        level=coded([]),
        visitor=np.array([], dtype=np.uint64),
        weight=np.array([], dtype=np.float64),
        depth=np.array([], dtype=np.int64),
        entered_us=np.array([], dtype=np.int64),
        settled=np.array([], dtype=np.bool_),
        took_s=np.array([], dtype=np.float64),
    )


def joined(one: FunnelSessions, other: FunnelSessions) -> FunnelSessions:
    """The sessions of both, which are told apart by the same."""
    return FunnelSessions(
        level=coded_joined(one.level, other.level),
        parts={name: coded_joined(values, other.parts[name]) for name, values in one.parts.items()},
        of_users=one.of_users or other.of_users,
        **{
            name: np.concatenate([getattr(one, name), getattr(other, name)])
            for name in FunnelSessions.__struct_fields__
            if name not in ("level", "parts", "of_users")
        },
    )


def days_of(window: Window, within: timedelta, now: datetime) -> Days:
    """The days to read: conversions of entries in the window may come after its end."""
    return Days(window.start.date(), max(window.start, min(window.end + within, now)).date())


def read_sessions(
    snapshot: Snapshot,
    reading: Reading,
    steps: Sequence[Step],
    window: Window,
    within: timedelta,
    now: datetime,
    rules: Rules = PLAIN,
    dimensions: Sequence[str] = (),
) -> FunnelSessions:
    """The sessions of a reading that came to the first step within the window.

    Raises ValueError for steps or dimensions that make no sense. Nobody enters a funnel without
    steps.
    """
    if not steps:
        return nobody()
    parts = Parts(dimensions)

    def entered(reading: Reading, chain: Chain) -> pa.Table:
        found = chained(snapshot, reading, chain)
        text, parameters = told(snapshot, reading, parts, "funnel_entered")
        return snapshot.arrow(text, parameters, {"came": found.came if found else NOBODY_CAME})

    chain = Chain(steps=steps, window=window, within=within, rules=rules)
    question = {"report": "funnel", "form": 1, "parts": (*parts.fragments(), parts.parameters)}
    found = chains_by_day(snapshot, reading, chain, question, entered, moment="entered_us")
    sessions = _sessions(found, parts, to_us(now) - within // MICROSECOND)
    return structs.replace(sessions, of_users=sessions_of_users(reading, rules))


def sessions_of_users(reading: Reading, rules: Rules) -> bool:
    """Whether users were drawn and sessions are counted. A funnel that counts users has each once
    already."""
    return reading.unit is Unit.USER and rules.unit is Unit.SESSION


def chains_by_day(
    snapshot: Snapshot,
    reading: Reading,
    chain: Chain,
    question: Mapping[str, Any],
    answer: Callable[[Reading, Chain], pa.Table],
    moment: str,
) -> pa.Table:
    """by_day() of what chains give, of which `question` says the rest. Those of users, whose
    sessions lie in many days, are read at once."""
    if chain.rules.unit is Unit.USER:
        return answer(reading, chain)
    asked = {
        **question,
        "steps": chain.steps,
        "within_us": chain.within // MICROSECOND,
        "rules": chain.rules,
    }

    def of_part(reading: Reading, window: Window) -> pa.Table:
        return answer(reading, structs.replace(chain, window=window))

    return by_day(snapshot, reading, chain.window, asked, of_part, moment)


def told(
    snapshot: Snapshot, reading: Reading, parts: Parts, name: str, *more: str, detail: bool = False
) -> tuple[str, dict[str, Any]]:
    """Query NAME over those of table `came`, as `told` tells of them, and what `more` defines; and
    its parameters. `detail`: these look into the rows of `read`."""
    further = query("funnel_told").format(parts=parts.selected, joined=parts.joined)
    fragments = (*parts.fragments(reading.held), further, *more)
    summaries = reading.summaries(snapshot)
    if Held.SEALED not in reading.held:
        del summaries["summary_files"]
    if detail or parts.detail:
        parameters = {**reading.parameters, **summaries, **parts.parameters}
        return with_read(reading.fragment, name, *fragments), parameters
    return with_fragments(name, *fragments), {**summaries, **parts.parameters}


def _sessions(found: pa.Table, parts: Parts, settled_before_us: int) -> FunnelSessions:
    return FunnelSessions(
        level=coded(found["level"], UNDECLARED),
        visitor=found["visitor"].to_numpy().astype(np.uint64, copy=False),
        weight=found["weight"].to_numpy().astype(np.float64, copy=False),
        depth=found["depth"].to_numpy().astype(np.int64, copy=False),
        entered_us=found["entered_us"].to_numpy().astype(np.int64, copy=False),
        settled=found["entered_last_us"].to_numpy() < settled_before_us,
        took_s=found["took_s"].to_numpy().astype(np.float64, copy=False),
        parts={
            dimension: coded(found[name], without(dimension))
            for name, dimension in zip(parts.names, parts.dimensions, strict=True)
        },
    )
