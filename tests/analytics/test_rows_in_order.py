"""Events come session by session and in order out of sealed files as they lie, out of hot rows, and
out of days that were sealed twice or have late rows, which must be sorted."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analytics.in_order import ORDER, columns_in_order
from analytics.question import SiteScope
from analytics.sampling import Days, read
from analytics.sql import query
from store.sealing import SealPolicy, seal_day
from tests.analytics.conftest import Store

FIRST = date(2026, 3, 1)
NOW = datetime(2026, 3, 10, tzinfo=UTC)
DAYS = Days(FIRST, NOW.date())
SCOPE = SiteScope(site="shop", levels=(), sample=1.0)


def some_rows(seed: int, days: Sequence[int]) -> list[dict[str, Any]]:
    """Sessions of which each event falls on any of the days, many at the same second."""
    random = np.random.default_rng(seed)
    midnight = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    return [
        {
            "session": f"{number * 2**32 // 40 % 2**32 + number * 2**40:032x}",
            "time": midnight
            + timedelta(days=int(random.choice(days)), seconds=int(random.integers(0, 5))),
            "batch": int(random.integers(0, 3)),
            "position": place,
        }
        for number in random.permutation(40).tolist()
        for place in range(6)
    ]


def seal(store: Store, *days: int) -> None:
    policy = SealPolicy(site="shop", sample=0.5, keep=1.0)
    for number in days:
        seal_day(store.database, policy, FIRST + timedelta(days=number), NOW)


def sealed_and_hot(store: Store) -> None:
    store.events(some_rows(1, [0, 1, 2]))
    seal(store, 0, 1)


def all_hot(store: Store) -> None:
    store.events(some_rows(2, [0, 1]))


def all_sealed(store: Store) -> None:
    store.events(some_rows(3, [0, 1]))
    seal(store, 0, 1)


def sealed_twice(store: Store) -> None:
    store.events(some_rows(4, [0, 1]))
    seal(store, 0, 1)
    store.events([{**row, "batch": 7 + row["batch"]} for row in some_rows(4, [0])])
    seal(store, 0)


def late_rows(store: Store) -> None:
    store.events(some_rows(5, [0, 1, 2]))
    seal(store, 0, 1)
    store.events([{**row, "batch": 7 + row["batch"]} for row in some_rows(5, [0])])


@pytest.mark.parametrize(
    ("fill", "in_order"),
    [
        (sealed_and_hot, True),
        (all_hot, True),
        (all_sealed, True),
        (sealed_twice, False),
        (late_rows, False),
    ],
)
def test_rows_are_in_order_wherever_they_lie(
    store: Store, fill: Callable[[Store], None], in_order: bool
) -> None:
    fill(store)
    with store.database.snapshot() as snapshot:
        _, reading = read(snapshot, SCOPE, DAYS, 1.0, lambda reading: reading, lambda _: False)
        text = (
            f"WITH {query(reading.fragment)} SELECT hash(session) AS who,"
            " epoch_us(time) AS time_us, batch AS of_batch, position AS place FROM read"
        )
        found = columns_in_order(snapshot, reading, text, reading.parameters)
        expected = snapshot.columns(text + ORDER, reading.parameters)
        asked = {"site": "shop", "first_day": DAYS.first, "last_day": DAYS.last}
        ((_, filed),) = snapshot.rows(query("filed_in_order"), asked)
    assert filed == in_order
    assert len(expected["who"]) > 200
    assert {name: column.tolist() for name, column in found.items()} == {
        name: column.tolist() for name, column in expected.items()
    }
