"""What dropping repeats costs beside many known batches: how long a load waits for it.

    python -m bench.repeats [--millions 50] [--rounds 100]

Known batches lie spread over 24 hours; each round looks up and adds 8,000 batches, of which one in
a hundred is known: first of the last two hours, as browsers retry, then of all of the day. Printed:
median and worst time of a lookup, of adding, of forgetting an hour; what the start costs, which
reads all of the table; and the memory of what is known.
"""

import argparse
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rum.records import Batch
from store.database import Database, DatabaseLimits
from store.repeats import HOUR_US, Repeats
from store.times import microseconds

BATCHES = 8_000
"""About what one load of 4 MB holds."""
HOURS = 24

MAKE = """
INSERT INTO batches
SELECT gen_random_uuid(), (n * 2654435761) % 4503599627370496,
    make_timestamp($start + n * 86400000000 // $count)
FROM range($from, $until) AS numbers(n)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", type=float, default=50)
    parser.add_argument("--rounds", type=int, default=100)
    asked = parser.parse_args()
    count = round(asked.millions * 1e6)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "store", DatabaseLimits(memory_limit="2GB"))
        now_us = microseconds(datetime.now(UTC)) // HOUR_US * HOUR_US
        fill(database, count, now_us - HOURS * HOUR_US)
        before = memory_bytes()
        repeats = Repeats()
        rebuilt_s = timed(lambda: repeats.rebuild(database.cursor()))
        print(f"{len(repeats):,} known batches, learnt in {rebuilt_s:.2f} s at the start")
        for hours in (2, HOURS):
            known = some_of(database, now_us - hours * HOUR_US)
            lookups, additions = rounds(database, repeats, known, asked.rounds, now_us)
            print_times(f"look up 8,000, repeats of the last {hours} h", lookups)
            print_times("add 8,000", additions)
        expired_s = timed(lambda: repeats.expire(now_us - (HOURS - 1) * HOUR_US))
        before_us = now_us - (HOURS - 1) * HOUR_US
        deleted_s = timed(lambda: forget(database, before_us))
        print(f"forget an hour: {expired_s * 1000:.1f} ms, in the table {deleted_s * 1000:.0f} ms")
        print(
            f"memory grew by {(memory_bytes() - before) / 2**20:,.0f} MB, DuckDB's cache included"
        )
        database.close()


def forget(database: Database, before_us: int) -> None:
    with database.transaction() as cursor:
        cursor.execute(
            "DELETE FROM batches WHERE received < make_timestamp($before)", {"before": before_us}
        )


def fill(database: Database, count: int, start_us: int) -> None:
    """`count` batches, a few million at a time."""
    step = 5_000_000
    for begun in range(0, count, step):
        with database.transaction() as cursor:
            cursor.execute(
                MAKE,
                {
                    "start": start_us,
                    "count": count,
                    "from": begun,
                    "until": min(count, begun + step),
                },
            )


def some_of(database: Database, since_us: int) -> list[tuple[str, int]]:
    """(session, batch) of known batches received since then."""
    rows = database.cursor().execute(
        "SELECT session, batch FROM (FROM batches WHERE received >= make_timestamp($since))"
        " USING SAMPLE 10000 ROWS (reservoir, 1)",
        {"since": since_us},
    )
    return [(session.hex, batch) for session, batch in rows.fetchall()]


def rounds(
    database: Database, repeats: Repeats, known: list[tuple[str, int]], number: int, now_us: int
) -> tuple[list[float], list[float]]:
    """Seconds of each lookup and each addition."""
    chance = random.Random()
    lookups, additions = [], []
    for _ in range(number):
        new = [
            batch_of(f"{chance.getrandbits(128):032x}", chance.getrandbits(50), now_us)
            for _ in range(BATCHES - BATCHES // 100)
        ]
        again = [batch_of(*each, now_us) for each in chance.sample(known, BATCHES // 100)]
        began = time.perf_counter()
        found = repeats.known(database.cursor(), [*again, *new])
        lookups.append(time.perf_counter() - began)
        if found != set(range(len(again))):
            raise SystemExit(f"{len(found)} repeats found instead of {len(again)}")
        additions.append(timed(lambda new=new: repeats.add([repeats.keys(new)])))  # type: ignore[misc]
    return lookups, additions


def batch_of(session: str, number: int, received_us: int) -> Batch:
    return Batch(
        site="bench",
        session=session,
        batch=number,
        received_us=received_us,
        sent_us=received_us,
        events=(),
    )


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def print_times(what: str, seconds: list[float]) -> None:
    median, worst = statistics.median(seconds) * 1000, max(seconds) * 1000
    print(f"{what}: median {median:.1f} ms, worst {worst:.1f} ms of {len(seconds)}")


def memory_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
