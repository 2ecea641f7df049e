"""Rows of events with those of each session together and in order, without sorting what is sorted.

A day's sealed files are sorted by session, time, batch and position (store/sealed_files.py). Rows
of several files are merged here by whole stretches of a session: to sort 2 million rows anew costs
DuckDB as much as to read them.
"""

from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.sampling import Reading
from analytics.sql import query
from store.snapshot import Snapshot

ORDER = "\nORDER BY who, time, batch, position"

Columns = dict[str, NDArray[Any]]


def columns_in_order(
    snapshot: Snapshot,
    reading: Reading,
    text: str,
    parameters: dict[str, Any],
    *,
    whole: bool = True,
) -> Columns:
    """The columns of query `text`, which selects from `read` alone and has no order of its own.

    Its column `who` stands for whom rows are of; theirs are together, and in order. `whole`: that
    is the session.
    """
    if whole and reading.fragment == "read_sampled":  # of others, sealed and hot rows are joined
        last_sealed, in_order = _filed(snapshot, reading)
        if in_order and last_sealed is not None:
            hot = {
                "files": snapshot.detail_files([], last_sealed, last_sealed),
                "first_day": max(reading.days.first, last_sealed + timedelta(days=1)),
            }
            return _together(
                snapshot.columns(text, {**parameters, "last_day": last_sealed}),
                snapshot.columns(text + ORDER, {**parameters, **hot}),
            )
    return snapshot.columns(text + ORDER, parameters)


def _filed(snapshot: Snapshot, reading: Reading) -> tuple[Any, bool]:
    ((last_sealed, in_order),) = snapshot.rows(
        query("filed_in_order"),
        {
            "site": reading.site,
            "first_day": reading.days.first,
            "last_day": reading.days.last,
        },
    )
    return last_sealed, in_order


def _together(sealed: Columns, hot: Columns) -> Columns:
    """Rows of both, stretches of the same `who` one after the other as they came."""
    who = np.concatenate([sealed["who"], hot["who"]])
    if not len(who):
        return sealed
    opens = np.ones(len(who), dtype=np.bool_)
    opens[1:] = who[1:] != who[:-1]
    first = np.flatnonzero(opens)
    order = np.argsort(who[first], kind="stable")
    lengths = np.diff(first, append=len(who))[order]
    ends = np.cumsum(lengths)
    places = np.arange(len(who)) + np.repeat(first[order] - (ends - lengths), lengths)
    # One column after the other is let go of, so that no two copies of all are in memory.
    return {
        name: np.concatenate([sealed.pop(name), hot.pop(name)])[places] for name in list(sealed)
    }
