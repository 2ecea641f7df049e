"""The database's write-ahead log damaged at any offset: it opens, or `vigie repair` mends it, and
after loading the journal every acknowledged event is there once."""

import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from store.database import Database, DatabaseDamagedError
from store.database_files import current_file, wal_of
from store.loader import Loader
from store.sealing import SealPolicy, seal_day, sweep_orphans
from store.times import microseconds
from tests.support.stored import Journal, Maker, events_seen, load_all
from vigie.repairing import repair_data

NOW = datetime.now(UTC)
OLD = NOW - timedelta(days=3)
ENTRY_HEADER_BYTES = 16
"""Size and checksum before each entry; the log begins with an entry of its version."""
EVENTS_A_BATCH = 3


class Filled:
    """A data folder left by kill -9: its log holds several loads and a seal."""

    def __init__(self, root: Path) -> None:
        self.root = root
        journal, make = Journal(root / "journal"), Maker()
        database = Database(root / "store")
        database.cursor().execute("CHECKPOINT")
        database.cursor().execute("PRAGMA disable_checkpoint_on_shutdown")
        loader = Loader(database, journal.folder)
        self.batches = []
        for number, time in enumerate([OLD, NOW, OLD, NOW, NOW]):
            batches = [make.batch(time=time) for _ in range(15)]
            self.batches += batches
            journal.write(*batches, start_us=microseconds(NOW) + number)
            load_all(loader, NOW)
            if number == 2:
                seal_day(database, SealPolicy(site="shop", keep=1.0), OLD.date(), NOW)
        database.close()

    def log_bytes(self) -> int:
        return wal_of(current_file(self.root / "store")).stat().st_size


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    return Filled(tmp_path_factory.mktemp("filled") / "data")


def offsets(chance: Random, size: int, count: int) -> list[int]:
    """The log's first bytes, its last, and others at random."""
    places = [0, 7, ENTRY_HEADER_BYTES, size - 1, size - 40]
    return places[:count] + [chance.randrange(size) for _ in range(count - len(places))]


def spoil(log: Path, how: str, offset: int) -> None:
    whole = bytearray(log.read_bytes())
    if how == "cut":
        del whole[offset:]
    elif how == "flip":
        whole[offset] ^= 0x08
    elif how == "zero":
        whole[offset : offset + 300] = bytes(len(whole[offset : offset + 300]))
    else:
        whole[offset:] = bytes(len(whole) - offset)
    log.write_bytes(whole)


def opened(data: Path) -> tuple[Database, bool]:
    """As a start does it, and as its message then says: repair. Whether that was needed."""
    try:
        return Database(data / "store"), False
    except DatabaseDamagedError:
        list(repair_data(data, None, lambda text: None, lambda done, total, what: None))
        return Database(data / "store"), True


@pytest.mark.parametrize(
    ("count", "seed"),
    [(6, 1), pytest.param(60, 2, marks=[pytest.mark.long, pytest.mark.timeout(3600)])],
)
@pytest.mark.parametrize("how", ["cut", "flip", "zero", "zeros"])
def test_nothing_is_lost_or_doubled(
    filled: Filled, tmp_path: Path, how: str, count: int, seed: int
) -> None:
    repaired = 0
    for number, offset in enumerate(offsets(Random(seed), filled.log_bytes(), count)):
        data = tmp_path / str(number)
        shutil.copytree(filled.root, data, symlinks=True)
        spoil(wal_of(current_file(data / "store")), how, offset)
        database, was_repaired = opened(data)
        repaired += was_repaired
        try:
            sweep_orphans(database)
            load_all(Loader(database, data / "journal"), NOW)
            seen = Counter(session.hex for (session,) in events_seen(database, "session"))
        finally:
            database.close()
        wanted = dict.fromkeys((batch.session for batch in filled.batches), EVENTS_A_BATCH)
        assert seen == wanted, f"{how} at {offset} of {filled.log_bytes()}"
        shutil.rmtree(data)
    print(f"{how}: {count} damaged logs, {repaired} repaired")
