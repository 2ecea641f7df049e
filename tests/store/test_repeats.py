"""A batch that is stored already is known, exactly, in bounded memory; an unknown one never is."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from rum.records import Batch
from store import repeats as repeats_module
from store.columns import batch_tables
from store.database import Database
from store.repeats import HOUR_US, Repeats
from store.rows import insert
from store.times import microseconds
from tests.support.stored import NOON, Maker

NOON_US = microseconds(NOON)


def keep(database: Database, repeats: Repeats, batches: list[Batch]) -> None:
    insert(database.cursor(), "batches", batch_tables(batches)["batches"])
    repeats.add([repeats.keys(batches)])


def spread(make: Maker, count: int, hours: int = 30) -> list[Batch]:
    """Batches of as many sessions, received at random times over the hours before noon."""
    return [
        make.batch(kinds=["view"], received_us=NOON_US - make.random.randrange(hours * HOUR_US))
        for _ in range(count)
    ]


@pytest.mark.parametrize("filter_keys_min", [1, 50_000])
@pytest.mark.parametrize("minutes_max", [0, 3])
def test_it_agrees_with_a_set_over_many_loads(
    database: Database,
    make: Maker,
    monkeypatch: pytest.MonkeyPatch,
    filter_keys_min: int,
    minutes_max: int,
) -> None:
    monkeypatch.setattr(repeats_module, "RUN_KEYS_MAX", 64)  # many runs, some at their limit
    monkeypatch.setattr(repeats_module, "FILTER_KEYS_MIN", filter_keys_min)
    monkeypatch.setattr(repeats_module, "MINUTES_MAX", minutes_max)
    repeats = Repeats()
    stored: dict[tuple[str, int], Batch] = {}
    for _ in range(20):
        fresh = spread(make, make.random.randrange(1, 60))
        retries = make.random.sample(list(stored.values()), min(len(stored), 20))
        # The same session in another batch is none, and a retry is received later, in another hour.
        siblings = [replace(batch, batch=batch.batch + 1) for batch in fresh[:10]]
        asked = [*fresh, *siblings]
        asked += [replace(batch, received_us=NOON_US) for batch in retries]
        make.random.shuffle(asked)
        known = repeats.known(database.cursor(), asked)
        expected = {
            index for index, batch in enumerate(asked) if (batch.session, batch.batch) in stored
        }
        assert known == expected
        keep(database, repeats, [*fresh, *siblings])
        stored |= {(batch.session, batch.batch): batch for batch in [*fresh, *siblings]}
    assert len(repeats) == len(stored)


def test_what_only_looks_known_is_not(
    database: Database, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    repeats = Repeats()
    # Every fingerprint the same: all that is left is the comparison with the table.
    monkeypatch.setattr(repeats_module, "_mix", lambda words: words & words.dtype.type(0))
    first, second, third = make.batch(), make.batch(), make.batch(time=NOON + timedelta(minutes=7))
    keep(database, repeats, [first, third])
    assert repeats.known(database.cursor(), [second, third, first]) == {1, 2}


def test_it_is_rebuilt_from_the_table(
    database: Database, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats_module, "REBUILD_ROWS", 100)  # several chunks
    monkeypatch.setattr(repeats_module, "FILTER_KEYS_MIN", 30)
    batches = spread(make, 5000)
    keep(database, Repeats(), batches)
    rebuilt = Repeats()
    rebuilt.rebuild(database.cursor())
    assert len(rebuilt) == 5000
    assert rebuilt.known(database.cursor(), batches) == set(range(5000))
    assert not rebuilt.known(database.cursor(), spread(make, 5000))


def test_hours_expire_whole(database: Database, make: Maker) -> None:
    repeats = Repeats()
    old = make.batch(time=NOON - timedelta(minutes=61))
    recent = make.batch(time=NOON - timedelta(minutes=59))
    keep(database, repeats, [old, recent])
    repeats.expire(NOON_US - 1)
    assert len(repeats) == 1
    assert repeats.known(database.cursor(), [old, recent]) == {1}


def test_memory_is_bounded_and_what_it_costs_is_counted(database: Database, make: Maker) -> None:
    repeats = Repeats(keys_max=100)
    keep(database, repeats, [make.batch(time=NOON - timedelta(hours=3)) for _ in range(60)])
    newest = [make.batch() for _ in range(80)]
    keep(database, repeats, newest)
    assert (len(repeats), repeats.forgotten) == (80, 60)
    assert repeats.known(database.cursor(), newest) == set(range(80))
