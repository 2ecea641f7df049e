"""A store of many events, for benches and tests that need a known population.

    python -m bench.generated_store FOLDER [--events 10000000] [--days 30] [--flood 200000]

One site, SITE, whose sessions browse, enter a journey of four steps and sign at its end. Rows are
drawn day by day with numpy, put into the hot table by Arrow and sealed by the real code, all of
them kept; the last two days stay hot. The same seed gives the same rows, but for `now`'s day.
"""

import argparse
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from msgspec import Struct

from bench.generated_people import Planted
from bench.generated_rows import SITE, day_tables, flood_table
from store.database import Database, DatabaseLimits
from store.rows import insert
from store.sealing import SealPolicy, seal_day

EVENTS_A_SESSION = 18.7
"""About; the number made is within a few percent of the number asked for."""


class Made(Struct, frozen=True, kw_only=True):
    sessions: int
    events: int
    sealed_bytes: int


def generate(
    folder: Path,
    events: int,
    *,
    now: datetime,
    days: int = 30,
    hot_days: int = 2,
    seed: int = 1,
    flood: int = 0,
    sample: float = 0.2,
    keep: float = 1.0,
    planted: Planted | None = None,
    limits: DatabaseLimits | None = None,
) -> Made:
    """About `events` events in the `days` days before `now`'s, whole days, into a new store.

    `flood` adds one session of so many events, which no bot rule knows, on the third last day.
    """
    database = Database(folder, limits)
    chance = np.random.default_rng(seed)
    a_day = max(1, round(events / EVENTS_A_SESSION / days))
    first = now.date() - timedelta(days=days)
    for number in range(days):
        day = first + timedelta(days=number)
        tables = list(day_tables(chance, day, a_day, planted or Planted()))
        if flood and number == max(0, days - 3):
            tables.append(flood_table(day, flood))
        for table in tables:
            insert(database.cursor(), "events", table)
        if number < days - hot_days:
            seal_day(database, SealPolicy(site=SITE, sample=sample, keep=keep), day, now)
    made = _made(database, days * a_day)
    database.close()
    return made


def _made(database: Database, sessions: int) -> Made:
    ((hot, sealed, size),) = (
        database.cursor()
        .execute(
            "SELECT (SELECT count(*) FROM events),"
            " coalesce(sum(rows) FILTER (content <> 'summaries'), 0), coalesce(sum(bytes), 0)"
            " FROM sealed_files"
        )
        .fetchall()
    )
    return Made(sessions=sessions, events=hot + sealed, sealed_bytes=size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--flood", type=int, default=0, metavar="EVENTS")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    started = time.perf_counter()
    made = generate(
        asked.folder,
        asked.events,
        now=datetime.now(UTC),
        days=asked.days,
        seed=asked.seed,
        flood=asked.flood,
    )
    seconds = time.perf_counter() - started
    print(
        f"{made.events:,} events of {made.sessions:,} sessions in {seconds:.0f} s,"
        f" {made.sealed_bytes / 1e6:,.0f} MB sealed"
    )


if __name__ == "__main__":
    main()
