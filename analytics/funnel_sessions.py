"""The sessions that entered a funnel, one element each, and what is counted of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from msgspec import Struct
from numpy.typing import NDArray

from analytics.basis import Estimate
from analytics.estimates import VISITORS_MIN, share
from analytics.question import Step, Window
from analytics.sampling import Days, Reading
from analytics.sql import query, with_read
from analytics.times import naive, to_us
from rum.records import EventKind
from store.snapshot import Snapshot

STEPS_MAX = 10
VISITORS_LOOKED_AT = 100

Mask = NDArray[np.bool_]


class FunnelSessions(Struct, frozen=True, kw_only=True):
    """Arrays of one length, a session each. `depth` is the last step reached, from 1.

    `entered_us` is the first entry within the window. `settled` is False while the latest entry
    may still lead on. `took_s` is NaN where the last step was not reached.
    """

    level: NDArray[np.object_]
    visitor: NDArray[np.uint64]
    weight: NDArray[np.float64]
    depth: NDArray[np.int64]
    entered_us: NDArray[np.int64]
    settled: Mask
    took_s: NDArray[np.float64]

    def share(self, successes: Mask, among: Mask) -> Estimate:
        """The share of `successes` among the sessions of `among` (a part of them all)."""
        weight = self.weight[among]
        return share(
            float(self.weight[successes & among].sum()),
            float(weight.sum()),
            float(np.square(weight).sum()),
            _visitors(self.visitor[among]),
        )


def _visitors(visitor: NDArray[np.uint64]) -> int:
    """How many different visitors, at least: the first ones tell as a rule, and all are costly."""
    few = len(np.unique(visitor[:VISITORS_LOOKED_AT]))
    return few if few >= VISITORS_MIN else len(np.unique(visitor))


def nobody() -> FunnelSessions:
    return FunnelSessions(
        level=np.array([], dtype=np.object_),
        visitor=np.array([], dtype=np.uint64),
        weight=np.array([], dtype=np.float64),
        depth=np.array([], dtype=np.int64),
        entered_us=np.array([], dtype=np.int64),
        settled=np.array([], dtype=np.bool_),
        took_s=np.array([], dtype=np.float64),
    )


def chained(one: FunnelSessions, other: FunnelSessions) -> FunnelSessions:
    """The sessions of both."""
    return FunnelSessions(
        **{
            name: np.concatenate([getattr(one, name), getattr(other, name)])
            for name in FunnelSessions.__struct_fields__
        }
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
) -> FunnelSessions:
    """The sessions of a reading that came to the first step within the window.

    Raises ValueError for too many steps, or one that names neither or both of page and event.
    Nobody enters a funnel without steps.
    """
    if not steps:
        return nobody()
    frame = snapshot.frame(
        _query(reading, steps),
        {
            **reading.parameters,
            **_steps_parameters(steps, within),
            "start": naive(window.start),
            "end": naive(window.end),
            "until": naive(window.end + within),
            "steps": len(steps),
        },
    )
    return _sessions(frame, to_us(now) - within // timedelta(microseconds=1))


def _query(reading: Reading, steps: Sequence[Step]) -> str:
    if len(steps) > STEPS_MAX:
        raise ValueError(f"a funnel has at most {STEPS_MAX} steps, not {len(steps)}")
    chain = [
        query("funnel_step").format(step=number, before=number - 1)
        for number in range(2, len(steps) + 1)
    ]
    came = query("funnel_came").format(last=len(steps))
    return with_read(reading.fragment, "funnel_sessions", query("funnel_matched"), *chain, came)


def _steps_parameters(steps: Sequence[Step], within: timedelta) -> dict[str, object]:
    parameters: dict[str, object] = {
        "pages": [step.page for step in steps if step.page],
        "events": [step.event for step in steps if step.event],
    }
    for number, step in enumerate(steps, 1):
        if bool(step.page) == bool(step.event):
            raise ValueError(f"step {number} names a page or an event, exactly one of the two")
        parameters[f"kind_{number}"] = (EventKind.VIEW if step.page else EventKind.EVENT).value
        parameters[f"what_{number}"] = step.page or step.event
    if len(steps) > 1:  # DuckDB refuses a parameter that its query does not use
        parameters["within_us"] = within // timedelta(microseconds=1)
    return parameters


def _sessions(frame: pd.DataFrame, settled_before_us: int) -> FunnelSessions:
    return FunnelSessions(
        level=frame["level"].to_numpy(dtype=object),
        visitor=frame["visitor"].to_numpy(dtype=np.uint64),
        weight=frame["weight"].to_numpy(dtype=np.float64),
        depth=frame["depth"].to_numpy(dtype=np.int64),
        entered_us=frame["entered_us"].to_numpy(dtype=np.int64),
        settled=frame["entered_last_us"].to_numpy(dtype=np.int64) < settled_before_us,
        took_s=frame["took_s"].to_numpy(dtype=np.float64),
    )
