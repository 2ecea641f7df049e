"""The clock jumps back and forth, of collector and loader: nothing is lost or stored twice."""

import asyncio
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from rum.records import Batch
from store.database import Database
from store.journal_reader import segments
from store.journal_writer import JournalWriter
from store.loader import Loader
from store.times import microseconds
from tests.support.stored import NOON, Maker, events_seen

JUMPS_H = (0, -1, 26, 24 * 40, -24 * 40, 3, -26, 24 * 3)


class Machine:
    """One clock for collector and loader, that somebody sets, and one that runs evenly."""

    def __init__(self, folder: Path) -> None:
        self.now = NOON
        self.seconds = 0.0
        self.journal = folder / "journal"
        self.database = Database(folder / "store")
        self.loader = self.new_loader()
        self.writer = self.new_writer()

    def new_loader(self) -> Loader:
        return Loader(self.database, self.journal, monotonic=lambda: self.seconds)

    def new_writer(self) -> JournalWriter:
        return JournalWriter(self.journal, "collector", clock_us=lambda: microseconds(self.now))

    def take(self, *batches: Batch) -> None:
        """Acknowledge them, received now."""

        async def write() -> None:
            for batch in batches:
                await self.writer.write(replace(batch, received_us=microseconds(self.now)))

        asyncio.run(write())

    def restart_collector(self) -> None:
        self.writer.close()
        self.writer = self.new_writer()

    def passes(self, seconds: float) -> None:
        self.seconds += seconds
        self.now += timedelta(seconds=seconds)

    def close(self) -> None:
        self.writer.close()
        self.database.close()


@pytest.mark.parametrize("seed", range(3))
def test_retries_across_jumps_are_dropped_and_nothing_is_lost(tmp_path: Path, seed: int) -> None:
    machine, make, chance = Machine(tmp_path), Maker(seed), Random(seed)
    taken: list[Batch] = []
    for _ in range(25):
        machine.now = NOON + timedelta(hours=chance.choice(JUMPS_H))
        if chance.random() < 0.4:
            machine.restart_collector()
        batches = [make.batch() for _ in range(2)]
        retried = chance.sample(taken, min(2, len(taken)))
        machine.take(*batches, *retried)
        taken += batches
        machine.loader.load_once(machine.now)
        machine.passes(60)
        machine.loader.load_once(machine.now)
    seen = events_seen(machine.database, "session, batch, position")
    wanted = [(b.session, b.batch, event.position) for b in taken for event in b.events]
    assert sorted((session.hex, *rest) for session, *rest in seen) == sorted(wanted)
    starts = [segment.start_us for segment in segments(machine.journal)]
    assert starts == sorted(set(starts)), "a reader takes the newest segment for the growing one"
    machine.close()


def test_once_the_clock_has_run_evenly_for_long_enough_batches_are_forgotten_again(
    tmp_path: Path,
) -> None:
    machine, make = Machine(tmp_path), Maker()
    machine.take(make.batch())
    machine.loader.load_once(machine.now)
    machine.now += timedelta(days=3)
    for _ in range(26 * 60):
        machine.loader.load_once(machine.now)
        machine.passes(60)
    machine.loader.load_once(machine.now)
    count = machine.database.cursor().execute("SELECT count(*) FROM batches").fetchone()
    assert count == (0,)
    machine.close()
