"""Bench of the store: python -m bench.storage [EVENTS]. Ratios within one run; needs some 500 MB.

Loading against executemany, bytes of a sealed event, a 20 % read against a full one, and looking
for repeats among many known batches.
"""

import random
import secrets
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

from rum.bucket import bucket_end
from rum.records import Batch, Event, EventKind
from store.database import Database
from store.journal_writer import write_segments
from store.loader import Loader
from store.repeats import Repeats
from store.sealing import SealPolicy, seal_day
from store.times import microseconds

EVENTS = 1_000_000
EXECUTEMANY_ROWS = 1_000
KNOWN = 10_000_000
DAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
PAGES = ["/", "/listings/", "/listings/?", "/mandate/?/1", "/mandate/?/2", "/mandate/?/3", "/me"]
QUERY = """
SELECT level, page, count(DISTINCT session), count(*), quantile_cont(lcp_ms, 0.75)
FROM events_in($files) WHERE site = 'shop' AND day = $day AND bucket < $end GROUP BY ALL
"""

T = TypeVar("T")


def timed(task: Callable[[], T]) -> tuple[float, T]:
    """Seconds by the clock, and the answer."""
    start = time.perf_counter()
    answer = task()
    return time.perf_counter() - start, answer


def worked(task: Callable[[], T]) -> tuple[float, T]:
    """Seconds of one core, over all threads, and the answer: the same on a busy machine."""
    start = time.process_time()
    answer = task()
    return time.process_time() - start, answer


def session_batches(chance: random.Random) -> list[Batch]:
    """One session of some 12 events in 3 batches, within the day."""
    at = microseconds(NOON) + chance.randrange(-40_000, 40_000) * 1_000_000
    session, user = f"{chance.getrandbits(128):032x}", f"{chance.getrandbits(128):032x}"
    load, view = chance.getrandbits(32) << 20, 0
    level, device = chance.choice(["novice", "confirmed", "expert"]), chance.choice(["phone", ""])
    batches = []
    for number in range(chance.randrange(1, 6)):
        events = []
        for position in range(chance.randrange(2, 7)):
            at += chance.randrange(100, 20_000) * 1_000
            kind = chance.choice([EventKind.VIEW, EventKind.VITALS, EventKind.EVENT])
            view += kind is EventKind.VIEW
            page = chance.choice(PAGES)
            vitals = kind is EventKind.VITALS
            events.append(
                Event(
                    position=position,
                    kind=kind,
                    time_us=at,
                    client_us=at,
                    view=view,
                    page=page,
                    path=page.replace("?", str(chance.randrange(10_000))),
                    name="signed" if kind is EventKind.EVENT else "",
                    attributes={"kind": "sale"} if kind is EventKind.EVENT else {},
                    lcp_ms=float(round(chance.gauss(2000, 500))) if vitals else None,
                    fcp_ms=float(round(chance.gauss(1000, 200))) if vitals else None,
                    ttfb_ms=float(round(chance.gauss(300, 50))) if vitals else None,
                )
            )
        batches.append(
            Batch(
                site="shop",
                session=session,
                batch=load + number,
                received_us=at + 500_000,
                sent_us=at,
                events=tuple(events),
                level=level,
                user=user,
                device=device,
                browser="Firefox",
                os="Linux",
                country="FR",
            )
        )
    return batches


def bench_loading(database: Database, journal: Path, events: int) -> None:
    chance = random.Random(1)
    batches: list[Batch] = []
    count = 0
    while count < events:
        more = session_batches(chance)
        count += sum(len(batch.events) for batch in more)
        batches += more
    write_segments(journal, "bench", batches, start_us=1)
    del batches
    loader = Loader(database, journal)
    longest, cores = 0.0, 0.0
    while True:
        cores_taken, (seconds, loaded) = worked(lambda: timed(lambda: loader.load_once(NOON)))
        if not loaded.bytes:
            break
        longest, cores = max(longest, seconds), cores + cores_taken
    cursor = database.cursor()
    rows = cursor.execute(f"SELECT * FROM events LIMIT {EXECUTEMANY_ROWS}").fetchall()
    cursor.execute("CREATE TEMPORARY TABLE by_row AS SELECT * FROM events LIMIT 0")
    marks = ", ".join("?" for _ in rows[0])
    slow, _ = worked(lambda: cursor.executemany(f"INSERT INTO by_row VALUES ({marks})", rows))
    rate, slow_rate = count / cores, len(rows) / slow
    print(f"loaded                {count:>12,} events, {rate:,.0f} a second of one core")
    print(f"  against executemany {rate / slow_rate:>12,.0f} times ({slow_rate:,.0f} rows)")
    print(f"  longest round       {longest * 1000:>12,.0f} ms by the clock")


def bench_sealing(database: Database) -> None:
    seconds, sealed = worked(
        lambda: seal_day(database, SealPolicy(site="shop", sample=0.2, keep=1.0), DAY, NOON)
    )
    rows = database.cursor().execute("SELECT content, bytes, rows FROM sealed_files").fetchall()
    detail = sum(size for content, size, _ in rows if content != "summaries")
    summaries = sum(size for content, size, _ in rows if content == "summaries")
    print(f"sealed                {sealed.events:>12,} events in {seconds:.1f} s of one core")
    print(f"  detail              {detail / sealed.kept_events:>12.1f} bytes an event")
    print(f"  summaries           {summaries / sealed.sessions:>12.1f} bytes a session")


def bench_reading(database: Database) -> None:
    with database.snapshot() as snapshot:

        def read(rest: bool, rate: float) -> float:
            files = snapshot.detail_files(["shop"], DAY, DAY, rest=rest)
            asked = {"files": files, "day": DAY, "end": bucket_end(rate)}
            return min(timed(lambda: snapshot.rows(QUERY, asked))[0] for _ in range(5))

        full, sample, filtered = read(True, 1.0), read(False, 0.2), read(True, 0.2)
    print(f"full read             {full * 1000:>12,.0f} ms")
    print(f"  20 %, sample files  {sample / full:>12.2f} of it")
    print(f"  20 %, all files     {filtered / full:>12.2f} of it")


def bench_repeats(database: Database) -> None:
    cursor = database.cursor()
    start = microseconds(NOON) - 86_400_000_000
    cursor.execute("DELETE FROM batches")
    cursor.execute(
        "INSERT INTO batches SELECT uuid(), i, make_timestamp($start + i * 86400000000 // $known)"
        " FROM range($known) AS numbers(i)",
        {"start": start, "known": KNOWN},
    )
    repeats = Repeats()
    rebuilt, _ = timed(lambda: repeats.rebuild(cursor))
    asked = [
        Batch(
            site="shop",
            session=secrets.token_hex(16),
            batch=number,
            received_us=microseconds(NOON),
            sent_us=0,
            events=(),
        )
        for number in range(1_000)
    ]
    lookups = [timed(lambda: repeats.known(cursor, asked))[0] for _ in range(20)]
    print(f"known batches         {len(repeats):>12,}, known {rebuilt:.1f} s after a start")
    print(f"  1,000 looked up in  {max(lookups) * 1000:>12.1f} ms at most")


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    with tempfile.TemporaryDirectory(prefix="vigie-bench-") as folder:
        database = Database(Path(folder) / "store")
        bench_loading(database, Path(folder) / "journal", events)
        bench_sealing(database)
        bench_reading(database)
        bench_repeats(database)
        database.close()


if __name__ == "__main__":
    main()
