"""A store of many events, for benches and tests that need a known population.

    python -m bench.generated_store FOLDER [--events 10000000] [--days 30] [--flood 200000]
        [--today]

One site, SITE, whose sessions browse, enter a journey of four steps and sign at its end. Rows are
drawn day by day with numpy, put into the hot table by Arrow and sealed by the real code, all of
them kept; the last two days stay hot, and come in hour by hour. The same seed gives the same rows,
but for `now`'s day: `--today` makes its rows too, those received up to now.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from bench.generated_people import Planted
from bench.generated_rows import SITE, day_tables, flood_table
from store.database import Database, DatabaseLimits
from store.rows import insert
from store.sealing import SealPolicy, seal_day

HOUR_US = 3_600_000_000
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
    today: bool = False,
    sample: float = 0.2,
    keep: float = 1.0,
    planted: Planted | None = None,
    limits: DatabaseLimits | None = None,
) -> Made:
    """About `events` events in the `days` days before `now`'s, whole days, into a new store.

    `flood` adds one session of so many events, which no bot rule knows, on the third last day;
    `today` what was received of `now`'s day.
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
        hot = number >= days - hot_days
        for table in _hourly(tables, day) if hot else tables:
            insert(database.cursor(), "events", table)
        if not hot:
            seal_day(database, SealPolicy(site=SITE, sample=sample, keep=keep), day, now)
    if today:
        add_today(database, now, a_day, np.random.default_rng((seed, days)))
    made = _made(database, days * a_day)
    database.close()
    return made


def add_today(
    database: Database, now: datetime, sessions: int, chance: np.random.Generator
) -> None:
    """What was received up to now of a day of so many sessions."""
    tables = list(day_tables(chance, now.date(), sessions, Planted()))
    for table in _hourly(tables, now.date()):
        lived = pc.less_equal(table["received"], pa.scalar(now.replace(tzinfo=None)))
        insert(database.cursor(), "events", table.filter(lived))


def _hourly(tables: Sequence[pa.Table], day: date) -> Iterator[pa.Table]:
    """The rows as they come in: by the hour they were received in, the day after's at last."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    since_us = [
        table["received"].cast(pa.int64()).to_numpy() - round(midnight * 1e6) for table in tables
    ]
    hours = [np.clip(each // HOUR_US, 0, 24) for each in since_us]
    for hour in range(25):
        for table, received in zip(tables, hours, strict=True):
            yield table.filter(pa.array(received == hour))


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
    parser.add_argument("--today", action="store_true")
    asked = parser.parse_args()
    started = time.perf_counter()
    made = generate(
        asked.folder,
        asked.events,
        now=datetime.now(UTC),
        days=asked.days,
        seed=asked.seed,
        flood=asked.flood,
        today=asked.today,
    )
    seconds = time.perf_counter() - started
    print(
        f"{made.events:,} events of {made.sessions:,} sessions in {seconds:.0f} s,"
        f" {made.sealed_bytes / 1e6:,.0f} MB sealed"
    )


if __name__ == "__main__":
    main()
