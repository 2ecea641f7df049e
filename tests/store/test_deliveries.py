"""What a prober elsewhere delivers is stored once, however often and however cut it came."""

import random
from pathlib import Path

import pytest
from msgspec.structs import replace

from probes.delivery import Delivery
from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.result import CheckResult, MonitorDefinition
from store.database import Database
from store.deliveries import joined
from store.loader import Loader
from tests.support.stored import NOON, Journal, load_all

SPOOL = "a1b2/probe-00000000000000000001.journal"


def result(number: int) -> CheckResult:
    return CheckResult(
        monitor="home",
        location="paris",
        due_us=number * 1_000_000,
        started_us=number * 1_000_000 + 5,
        outcome=Outcome.OK,
        interval_ms=1000,
        timeout_ms=500,
    )


def delivery(first: int, count: int, **more: object) -> Delivery:
    """Results `first` on, each 100 bytes of the spool."""
    numbers = range(first, first + count)
    return replace(
        Delivery(
            location="paris",
            spool=SPOOL,
            start=first * 100,
            positions=tuple((number + 1) * 100 for number in numbers),
            records=tuple(result(number) for number in numbers),
            received_us=1_000_000,
        ),
        **more,
    )


def stored(database: Database) -> list[int]:
    rows = database.cursor().execute("SELECT epoch_us(due) // 1000000 FROM checks ORDER BY 1")
    return [number for (number,) in rows.fetchall()]


def test_a_delivery_sent_again_and_cut_otherwise_is_stored_once(
    database: Database, journal: Journal, loader: Loader
) -> None:
    journal.write(delivery(0, 3))
    assert loader.load_once(NOON).checks == 3
    journal.write(delivery(0, 3), delivery(2, 4), delivery(1, 2))
    loaded = loader.load_once(NOON)
    assert (loaded.checks, loaded.repeats) == (3, 6)
    restarted = Loader(database, journal.folder)
    journal.write(delivery(4, 4))
    assert restarted.load_once(NOON).checks == 2
    assert stored(database) == list(range(8))
    rows = database.cursor().execute("SELECT from_byte, to_byte FROM deliveries").fetchall()
    assert rows == [(0, 800)]


@pytest.mark.parametrize("seed", range(20))
def test_copies_in_the_journals_of_several_collectors_are_stored_once(
    database: Database, tmp_path: Path, seed: int
) -> None:
    """Read in any order, in small rounds, now and then by a new loader: neither lost nor twice."""
    order = random.Random(seed)
    journal = Journal(tmp_path / "journals")
    cuts = sorted(order.sample(range(1, 40), 6))
    sent = [
        delivery(first, last - first) for first, last in zip([0, *cuts], [*cuts, 40], strict=True)
    ]
    for each in [*sent, *order.sample(sent, 4), delivery(cuts[0], 10), delivery(0, 7)]:
        journal.write(each, writer=f"collector-{order.randrange(3)}")
    loader = Loader(database, journal.folder)
    while loader.load_once(NOON, bytes_max=300).bytes:
        if order.random() < 0.3:
            loader = Loader(database, journal.folder)
    assert stored(database) == list(range(40))


def test_a_load_that_fails_marks_nothing_as_stored(database: Database, journal: Journal) -> None:
    def fail(step: str) -> None:
        if step == "rows inserted":
            raise OSError("disk full")

    journal.write(delivery(0, 3))
    failing = Loader(database, journal.folder, step=fail)
    with pytest.raises(OSError, match="disk full"):
        failing.load_once(NOON)
    assert stored(database) == []
    failing._step = lambda step: None
    assert failing.load_once(NOON).checks == 3
    assert stored(database) == [0, 1, 2]


def test_times_of_a_wrong_clock_are_shifted_and_flagged_those_of_a_good_one_stand(
    database: Database, journal: Journal, loader: Loader
) -> None:
    monitor = Monitor(id="home", url="http://example.org/")
    definition = MonitorDefinition(monitor=monitor, from_us=2_000_000, location="paris")
    behind = delivery(0, 1, clock_offset_us=90_000_000, clock_error_us=20_000)
    journal.write(
        replace(behind, positions=(100, 150), records=(*behind.records, definition)),
        delivery(2, 1, clock_offset_us=800_000, clock_error_us=20_000),
        delivery(3, 1, clock_offset_us=-30_000_000, clock_error_us=31_000_000),
        delivery(4, 1),
    )
    load_all(loader)
    rows = database.cursor().execute(
        "SELECT epoch_us(due), epoch_us(started), clock_shift_ms FROM checks ORDER BY due"
    )
    assert rows.fetchall() == [
        (2_000_000, 2_000_005, None),
        (3_000_000, 3_000_005, None),
        (4_000_000, 4_000_005, None),
        (90_000_000, 90_000_005, 90_000.0),
    ]
    (from_us,) = (
        database.cursor().execute("SELECT epoch_us(from_time) FROM monitor_definitions").fetchall()
    )
    assert from_us == (92_000_000,)


def test_stretches_join_where_they_touch() -> None:
    assert joined([(300, 400), (0, 100), (100, 200), (150, 180)]) == [(0, 200), (300, 400)]
