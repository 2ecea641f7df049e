"""Loading, sealing, retiring and reading all at once: every reader sees every row exactly once."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from rum.bucket import bucket_end, bucket_of
from rum.records import Batch, Event, EventKind
from store.database import Database
from store.frames import encode_frame
from store.loader import Loader
from store.records import encode
from store.retention import RetentionLimits, retire
from store.sealing import SealPolicy, days_due, seal_day
from store.snapshot import Snapshot
from store.times import microseconds
from tests.support.stored import NOON, TODAY, Journal, Maker, files_listed, files_on_disk

SITES = ["shop", "agency"]
DAYS = 3
READERS = 2
SEALS = 150
SAMPLE = 0.2
EVERYTHING = (SITES, date(2000, 1, 1), date(2100, 1, 1))


class Race:
    """A loader, a sealer and readers on one database until `seals` seals are done.

    The values of all events are 1, 2, 3 ... in the order they are journaled, so whoever sees n
    rows must see exactly 1 to n.
    """

    def __init__(self, folder: Path, seals: int, seed: int) -> None:
        self.database = Database(folder / "store")
        self.journal = Journal(folder / "journal")
        self.seals_wanted = seals
        self.seals = 0
        self.reads = 0
        self.random = Random(seed)
        self.make = Maker(seed)
        self.sampled: list[int] = [0]
        """By n: how many of the events 1 to n are of sessions in the sample."""
        self.changed = threading.Condition()
        self.done = threading.Event()
        self.errors: list[BaseException] = []

    def run(self) -> None:
        self.journal.write()
        tasks: list[Callable[[], None]] = [self.load, self.seal]
        tasks += [lambda seed=seed: self.read(Random(seed)) for seed in range(READERS)]  # type: ignore[misc]
        threads = [threading.Thread(target=self.guarded, args=(task,)) for task in tasks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def guarded(self, task: Callable[[], None]) -> None:
        try:
            while not self.done.is_set():
                task()
        except BaseException as error:
            self.errors.append(error)
            raise
        finally:
            self.done.set()

    def load(self) -> None:
        path = self.journal.folder / f"collector-{1:020d}.journal"
        loader = Loader(self.database, self.journal.folder)
        while not self.done.is_set():
            batches = [self.batch() for _ in range(self.random.randrange(1, 12))]
            with path.open("ab") as file:
                for batch in batches:
                    frame = encode_frame(encode(batch))
                    # A retry of some, in the same load or the next one.
                    file.write(frame * self.random.choice([1, 1, 1, 2]))
            loader.load_once(NOON)

    def batch(self) -> Batch:
        """One to three events of a new session in one of the days to seal."""
        session = self.make.session()
        in_sample = bucket_of(session) < bucket_end(SAMPLE)
        time = NOON - timedelta(days=self.random.randrange(1, DAYS + 1))
        events = []
        for position in range(self.random.randrange(1, 4)):
            events.append(
                Event(
                    position=position,
                    kind=EventKind.EVENT,
                    time_us=microseconds(time) + position,
                    client_us=microseconds(time),
                    view=1,
                    page="/",
                    name="signed",
                    value=float(len(self.sampled)),
                )
            )
            self.sampled.append(self.sampled[-1] + in_sample)
        return Batch(
            site=self.random.choice(SITES),
            session=session,
            batch=1 << 20,
            received_us=microseconds(NOON),
            sent_us=microseconds(NOON),
            events=tuple(events),
            level=self.random.choice(["", "novice"]),
        )

    def seal(self) -> None:
        for site, day in days_due(self.database, NOON, hot_days=0):
            policy = SealPolicy(site=site, sample=SAMPLE, keep=1.0)
            if seal_day(self.database, policy, day, NOON).events:
                with self.changed:
                    self.seals += 1
                    self.changed.notify_all()
        if self.seals >= self.seals_wanted:
            self.done.set()

    def read(self, random: Random) -> None:
        seen = 0
        while not self.done.is_set():
            with self.database.snapshot() as snapshot:
                files = snapshot.detail_files(*EVERYTHING, rest=True)
                if random.random() < 0.3:  # a slow report: seals go on between its questions
                    with self.changed:
                        self.changed.wait(timeout=1)
                seen = self.check(snapshot, files, at_least=seen)
            self.reads += 1

    def check(self, snapshot: Snapshot, files: list[str], at_least: int) -> int:
        """All questions of one snapshot agree on n, and nothing seen before is gone."""
        ((n, distinct, total, highest),) = snapshot.rows(
            "SELECT count(*), count(DISTINCT (session, batch, position)),"
            " coalesce(sum(value), 0), coalesce(max(value), 0) FROM events_in($files)",
            {"files": files},
        )
        assert n >= at_least
        assert (distinct, total, highest) == (n, n * (n + 1) // 2, n)
        sampled = snapshot.rows(
            "SELECT count(*) FROM events_in($files) WHERE bucket < $end",
            {"files": snapshot.detail_files(*EVERYTHING), "end": bucket_end(SAMPLE)},
        )
        assert sampled == [(self.sampled[n],)]
        summed = snapshot.rows(
            "SELECT coalesce(sum(named_events), 0) FROM summaries_in($files)",
            {"files": snapshot.summary_files(*EVERYTHING)},
        )
        assert summed == [(n,)]
        counted = snapshot.rows(
            "SELECT (SELECT coalesce(sum(count), 0) FROM hourly_counts)"
            " + (SELECT count(*) FROM events)"
        )
        assert counted == [(n,)]
        return int(n)


@pytest.mark.parametrize(
    "seed",
    [
        0,
        *(
            pytest.param(seed, marks=[pytest.mark.long, pytest.mark.timeout(900)])
            for seed in range(1, 20)
        ),
    ],
)
def test_no_row_is_lost_doubled_or_seen_twice_through_many_seals(tmp_path: Path, seed: int) -> None:
    race = Race(tmp_path, SEALS, seed)
    race.run()
    assert not race.errors
    assert race.seals >= SEALS
    assert race.reads >= READERS
    Loader(race.database, race.journal.folder).load_once(NOON)
    with race.database.snapshot() as snapshot:
        files = snapshot.detail_files(*EVERYTHING, rest=True)
        journaled = len(race.sampled) - 1
        assert race.check(snapshot, files, at_least=journaled) == journaled
    assert files_on_disk(race.database) == files_listed(race.database)
    race.database.close()


def test_readers_see_each_day_whole_or_not_at_all_while_days_are_retired(tmp_path: Path) -> None:
    database = Database(tmp_path / "store")
    journal, make = Journal(tmp_path / "journal"), Maker()
    days = 25
    times = [NOON - timedelta(days=age) for age in range(1, days + 1)]
    journal.write(*(make.batch(time=time) for time in times for _ in range(20)))
    Loader(database, journal.folder).load_once(NOON)
    for site, day in days_due(database, NOON, hot_days=0):
        seal_day(database, SealPolicy(site=site, sample=1.0), day, NOON)
    done = threading.Event()
    errors: list[BaseException] = []

    def read() -> None:
        try:
            while not done.is_set():
                with database.snapshot() as snapshot:
                    files = snapshot.detail_files(*EVERYTHING, rest=True)
                    found = snapshot.rows(
                        "SELECT day, count(*) FROM events_in($files) GROUP BY day ORDER BY day",
                        {"files": files},
                    )
                first = TODAY - timedelta(days=len(found))
                assert found == [(first + timedelta(days=d), 60) for d in range(len(found))]
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=read) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    for term in reversed(range(days)):
        retire(database, NOON, RetentionLimits(retention_days=term))
    done.set()
    for thread in threads:
        thread.join()
    assert not errors
    retire(database, NOON, RetentionLimits(retention_days=0))
    assert files_on_disk(database) == files_listed(database) == set()
    database.close()
