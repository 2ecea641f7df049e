"""Stretches of hours in which more of a journey's sessions than usual met a failure on its pages.

What a failure is, is as for user-perceived availability; how sure a stretch must be, as for dips.
"""

import numpy as np
import pandas as pd

from analytics.by_day import query_by_day
from analytics.dips import Counts, Dip, clearest
from analytics.levels import EVERYONE, shown
from analytics.question import JourneyQuestion, Window
from analytics.sampling import Reading
from analytics.slots import Slots
from analytics.sql import query
from store.snapshot import Snapshot

EVERY_STEP = 0
SESSIONS_MIN = 8.0
"""That met a failure, beyond the usual number: a few people on one bad network are no outage."""


def failing(
    snapshot: Snapshot, reading: Reading, question: JourneyQuestion, window: Window, slots: Slots
) -> list[Dip]:
    """Those who "went on" are the ones that met none; the step is EVERY_STEP."""
    evidence = question.evidence
    rows = query_by_day(
        snapshot,
        reading,
        window,
        "journey_failures",
        query("perceived_marked"),
        asked={
            "slot_us": slots.width_us,
            "pages": [step.page for step in question.steps if step.page],
            "events": [step.event for step in question.steps if step.event],
            "errors": evidence.errors,
            "error_pages": list(evidence.error_pages),
            "key_requests": list(evidence.key_requests),
        },
        edges=("from", "end"),
    ).to_pandas()
    levels = shown(question.scope.levels, rows["level"].unique())
    counted = [(level, EVERY_STEP, *_counts(rows, slots, level)) for level in (EVERYONE, *levels)]
    return clearest(counted, SESSIONS_MIN)


def _counts(rows: pd.DataFrame, slots: Slots, level: str) -> tuple[Counts, Counts]:
    """Sessions by slot, and those without a failure: as many as the weights are worth (Kish)."""
    chosen = rows if level == EVERYONE else rows[rows["level"] == level]
    came = chosen["came"].to_numpy(dtype=np.float64)
    failed = chosen["failed"].to_numpy(dtype=np.float64)
    squares = float(chosen["squares"].sum())
    worth = float(came.sum()) / squares if squares else 0.0
    slot = np.clip(chosen["slot"].to_numpy(dtype=np.int64) - slots.first, 0, slots.count - 1)
    there = np.rint(np.bincount(slot, came * worth, slots.count)).astype(np.int64)
    met = np.rint(np.bincount(slot, failed * worth, slots.count)).astype(np.int64)
    return there, there - np.minimum(met, there)
