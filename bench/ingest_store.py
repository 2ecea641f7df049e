"""A store of many events for `bench.ingest`: sealed days, hot ones, and the batches known."""

import random
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from msgspec import Struct

from bench.storage import NOON, session_batches
from store.columns import batch_tables
from store.database import Database
from store.rows import insert
from store.sealing import SealPolicy, days_due, seal_day

DAYS = 10
MADE_EVENTS = 100_000
"""Made one by one; the rest are copies of them, as sessions of their own."""


class Stored(Struct, frozen=True, kw_only=True):
    events: int
    hot: int
    detail_bytes: float
    """An event, in sealed days that keep everything."""
    summary_bytes: float
    """The same of session summaries: of an event, too."""


def fill_store(folder: Path, events: int) -> Stored:
    """`events`, spread evenly over the last ten days, the older of them sealed."""
    database = Database(folder)
    cursor = database.cursor()
    _make(database)
    copies = max(1, events // MADE_EVENTS)
    now = datetime.now(UTC)
    for copy in range(copies):
        to = datetime.combine(now.date() - timedelta(days=copy % DAYS), time(12), UTC)
        cursor.execute(
            "INSERT INTO events BY NAME SELECT * REPLACE (md5(session::VARCHAR || $copy)::UUID"
            " AS session, ('0x' || right(md5(session::VARCHAR || $copy), 8))::UINTEGER AS bucket,"
            " day + $days AS day, time + to_days($days) AS time) FROM made",
            {"copy": str(copy), "days": (to.date() - NOON.date()).days},
        )
    cursor.execute(
        "INSERT INTO batches SELECT DISTINCT session, batch, time FROM events WHERE day = $day",
        {"day": now.date()},
    )
    cursor.execute("DROP TABLE made")
    kept = 0
    for site, day in days_due(database, now, hot_days=2):
        kept += seal_day(database, SealPolicy(site=site, keep=1.0), day, now).events
    ((detail, summaries),) = cursor.execute(
        "SELECT coalesce(sum(bytes) FILTER (content <> 'summaries'), 0),"
        " coalesce(sum(bytes) FILTER (content = 'summaries'), 0) FROM sealed_files"
    ).fetchall()
    ((hot,),) = cursor.execute("SELECT count(*) FROM events").fetchall()
    database.close()
    kept = max(1, kept)
    return Stored(
        events=kept + hot, hot=hot, detail_bytes=detail / kept, summary_bytes=summaries / kept
    )


def _make(database: Database) -> None:
    chance, batches, count = random.Random(1), [], 0
    while count < MADE_EVENTS:
        more = session_batches(chance)
        count += sum(len(batch.events) for batch in more)
        batches += more
    cursor = database.cursor()
    for table, rows in batch_tables(batches).items():
        insert(cursor, table, rows)
    cursor.execute("CREATE TABLE made AS SELECT * FROM events")
    cursor.execute("DELETE FROM events")
    cursor.execute("DELETE FROM batches")
