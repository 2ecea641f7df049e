"""kill -9 of collector and console at random moments, start-up and each of the jobs included,
while browsers send beacons and recordings with retries and somebody has sessions erased."""

import threading
import time
from collections import Counter
from pathlib import Path
from random import Random

import httpx
import pytest

from store.database import Database
from store.erasing_scan import scan
from store.replays import replay_chunks
from tests.support.retrying_visitors import EVENTS, Taken, Visitor
from tests.support.stored import events_seen, files_listed, files_on_disk, summaries_seen
from tests.support.unsupervised import NAMES, Unsupervised, unsupervised
from tests.support.waiting import wait_for

VISITORS = 4
FIRST_SESSIONS = 20
ERASED_ALL_LIMIT_S = 240.0


class Asker:
    """Has sessions erased that are complete, one at a time, whatever state the console is in."""

    def __init__(self, both: Unsupervised, visitors: list[Visitor], erasures_max: int) -> None:
        self.receipts: dict[str, str] = {}
        """Of each session for which the console said that it will be erased."""
        self.tried: set[str] = set()
        self._both = both
        self._visitors = visitors
        self._chance = Random(7)
        self._erasures_max = erasures_max

    def ask(self) -> None:
        visitor = self._chance.choice(self._visitors)
        session = self._chance.choice(visitor.taken.finished or [""])
        if not session or session in self.tried or len(self.tried) >= self._erasures_max:
            return
        self.tried.add(session)
        try:
            answer = self._both.api("POST", "/api/v1/erasures", site="shop", session=session)
        except (httpx.TransportError, OSError):
            return  # killed meanwhile: it may have been taken down, or not
        if answer.status_code == 202:
            self.receipts[session] = answer.json()["receipt"]

    def all_finished(self) -> bool:
        return all(self._finished(receipt) for receipt in self.receipts.values())

    def _finished(self, receipt: str) -> bool:
        answer = self._both.api("GET", f"/api/v1/erasures/{receipt}")
        return answer.status_code == 200 and answer.json()["stage"] == "finished"


def start_time_s(both: Unsupervised) -> float:
    """Until both answer: the measure by which moments are chosen, on a slow machine too."""
    begun = time.monotonic()
    for name in NAMES:
        wait_for(lambda name=name: both.answers(name), f"{name} to answer")  # type: ignore[misc]
    return time.monotonic() - begun


def kill_again_and_again(
    both: Unsupervised, asker: Asker, kills: int, seed: int, unit_s: float
) -> Counter[str]:
    """Each at a moment of its own: while it starts, loads, runs its jobs, or serves."""
    chance = Random(seed)
    killed: Counter[str] = Counter()
    while killed.total() < kills:
        # Now one of them, now both at once, as a power cut; the console, with its jobs, most often.
        names = chance.choice([("console",), ("console",), ("collector",), NAMES])
        asker.ask()
        if chance.random() < 0.6:  # soon after it serves, when its jobs are at work
            wait_for(lambda: both.answers("console"), "the console to answer")
            asker.ask()
            time.sleep(chance.uniform(0, 0.3 * unit_s))
        else:
            time.sleep(chance.uniform(0, 1.5 * unit_s))
            asker.ask()
        for name in names:
            both.kill(name)
            killed[name] += 1
        for name in names:
            both.start(name)
    return killed


def check_stored(database: Database, taken: Taken, asker: Asker) -> Counter[str]:
    """What must be there is there, once; what was erased is not; nothing else is."""
    seen = Counter(
        (session.hex, batch, position)
        for session, batch, position in events_seen(database, "session, batch, position")
    )
    assert set(seen.values()) == {1}, "an event is stored twice"
    batches = Counter((session, batch) for session, batch, _ in seen)
    assert set(batches.values()) == {EVENTS}, "a batch is stored in part"
    must = {row for row in taken.batches if row[0] not in asker.tried}
    assert must <= set(batches), f"{len(must - set(batches))} acknowledged batches are lost"
    assert set(batches) <= taken.tried
    back = {session for session, _ in batches} & set(asker.receipts)
    assert not back, "erased, and there again"
    assert summaries_seen(database, "sum(views)") == [(len(seen),)]
    (counted,), (hot,) = (
        database.cursor().execute(f"SELECT {what}").fetchone() or (0,)
        for what in ("sum(count) FROM hourly_counts", "count(*) FROM events")
    )
    erased_most = sum(EVENTS for session, _ in taken.batches if session in asker.tried)
    assert len(seen) <= counted + hot <= len(seen) + erased_most
    assert files_on_disk(database) == files_listed(database)
    return Counter(stored=len(seen), sealed=int(counted), acknowledged=EVENTS * len(must))


def check_recordings(database: Database, taken: Taken, asker: Asker) -> None:
    for (session, load, number), content in taken.chunks.items():
        chunks = replay_chunks(database, "shop", session)
        if session in asker.receipts:
            assert not chunks, "a recording of an erased session is there again"
        elif session not in asker.tried:
            assert [(c.load, c.number) for c in chunks] == [(load, number)]
            assert chunks[0].file.read_bytes() == content


def all_of(visitors: list[Visitor]) -> Taken:
    whole = Taken()
    for visitor in visitors:
        whole.batches += visitor.taken.batches
        whole.chunks |= visitor.taken.chunks
        whole.tried |= visitor.taken.tried
        whole.finished += visitor.taken.finished
        whole.retries += visitor.taken.retries
    return whole


@pytest.mark.parametrize(
    ("kills", "erasures", "seed"),
    [(6, 2, 1), pytest.param(60, 12, 2, marks=[pytest.mark.long, pytest.mark.timeout(3600)])],
)
def test_nothing_acknowledged_is_lost_or_doubled_and_nothing_erased_comes_back(
    tmp_path: Path, kills: int, erasures: int, seed: int
) -> None:
    stop = threading.Event()
    with unsupervised(tmp_path) as both:
        unit_s = start_time_s(both)
        visitors = [Visitor(n, both.urls["collector"], stop) for n in range(VISITORS)]
        asker = Asker(both, visitors, erasures)
        for visitor in visitors:
            visitor.thread.start()
        try:
            wait_for(
                lambda: sum(len(v.taken.finished) for v in visitors) >= FIRST_SESSIONS,
                "the first sessions",
            )
            killed = kill_again_and_again(both, asker, kills, seed, unit_s)
        finally:
            stop.set()
            for visitor in visitors:
                visitor.thread.join()
        assert [visitor.error for visitor in visitors] == [None] * VISITORS
        start_time_s(both)
        wait_for(asker.all_finished, "all that was to be erased", seconds=ERASED_ALL_LIMIT_S)
        wait_for(lambda: " seal: " in both.log.read_text(), "a day to be sealed")
        assert both.stop() == dict.fromkeys(NAMES, 0), both.log.read_text()[-5000:]
        log = both.log.read_text()
    taken = all_of(visitors)
    assert taken.retries > 0, "no kill was ever felt by a visitor"
    assert asker.receipts, "nothing was ever erased"
    database = Database(both.data / "store")
    try:
        figures = check_stored(database, taken, asker)
        check_recordings(database, taken, asker)
    finally:
        database.close()
    assert scan([both.data], asker.receipts).places == ()
    jobs = {job: log.count(f" {job}: ") for job in ("seal", "rewrite", "erase")}
    assert jobs["seal"], "no day was ever sealed"
    print(dict(killed), dict(figures), jobs, f"{taken.retries} retries")
    print(f"{len(taken.chunks)} recordings, {len(asker.receipts)} sessions erased")
