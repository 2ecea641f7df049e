"""How long loading waits while the database file is rewritten.

    python -m bench.rewriting [--events 2000000] [--beacons 1000]

A store with that many hot events, of which those of one day were deleted, is rewritten while a
journal of `beacons` a second is loaded, as the console does. Printed: how long writers waited at
the end, how long the whole took, and the longest time from one loaded round to the next, beside the
longest of as long a time without rewriting.
"""

import argparse
import random
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.generated_store import generate
from bench.storage import session_batches
from rum.records import Batch
from store.database import Database
from store.deletions import Cause, note_deletion
from store.journal_writer import write_segments
from store.loader import Loader
from store.rewriting import rewrite_database

ROUND_S = 0.2
"""As the console looks into the journal."""


class Loading:
    """A thread that journals and loads a part of the batches each ROUND_S."""

    def __init__(self, database: Database, folder: Path, beacons: int) -> None:
        self.waits: list[float] = []
        """Seconds from the end of one round to the end of the next."""
        self.loaded = 0
        self._loader = Loader(database, folder)
        self._folder = folder
        self._a_round = max(1, round(beacons * ROUND_S))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Loading":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def longest(self) -> float:
        """Of the rounds since it was last asked for."""
        seen, self.waits = self.waits, []
        return max(seen, default=0.0)

    def _run(self) -> None:
        chance, batches, number = random.Random(1), list[Batch](), 0
        ended = time.monotonic()
        while not self._stop.is_set():
            while len(batches) < self._a_round:
                batches += session_batches(chance)
            number += 1
            write_segments(self._folder, "bench", batches[: self._a_round], start_us=number)
            batches = batches[self._a_round :]
            self.loaded += self._loader.load_once(datetime.now(UTC)).batches
            before, ended = ended, time.monotonic()
            self.waits.append(ended - before)
            self._stop.wait(max(0.0, ROUND_S - (ended - before)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--beacons", type=int, default=1_000)
    asked = parser.parse_args()
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        generate(Path(folder) / "store", asked.events * 3 // 2, now=now, days=3, hot_days=3)
        database = Database(Path(folder) / "store")
        with database.transaction() as cursor:
            deleted = cursor.execute(
                "DELETE FROM events WHERE day = (SELECT min(day) FROM events)"
            ).fetchall()[0][0]
            note_deletion(cursor, Cause.SEALED, deleted, now)
        ((events,),) = database.cursor().execute("SELECT count(*) FROM events").fetchall()
        print(f"{events:,} hot events, {deleted:,} deleted")
        with Loading(database, Path(folder) / "journal", asked.beacons) as loading:
            time.sleep(5)
            loading.longest()
            begun = time.monotonic()
            done = rewrite_database(database, now)
            took = time.monotonic() - begun
            time.sleep(2 * ROUND_S + done.paused_ms / 1000)  # to the end of the round that waited
            during = loading.longest()
            time.sleep(min(30.0, took))
            without = loading.longest()
        print(f"{done.bytes_before:,} bytes became {done.bytes_after:,} in {took:.2f} s")
        print(f"writers waited {done.paused_ms:,.0f} ms at the end")
        print(f"longest from round to round: {during:.2f} s, without rewriting {without:.2f} s")
        database.close()


if __name__ == "__main__":
    main()
