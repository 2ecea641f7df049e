"""What closing days of checks gives: reading 90 days of every monitor before and after, in one run.

    python -m bench.check_history [--monitors 20] [--store FOLDER]

Without --store a history is made: a check a minute, one in 500 slow, an outage of 20 minutes a
month for each. With it, a copy of the demo's store (DATA/store) is measured; it is changed.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analytics.question import Window
from analytics.reports.latency import latency
from analytics.reports.uptime import uptime
from store.check_days import close_day, drop_raw_checks, unclosed_days
from store.database import Database

ROUNDS = 3
DAYS = 90

MAKE = """
INSERT INTO checks BY NAME
SELECT
    'monitor-' || m AS monitor, 'local' AS location,
    $start + to_minutes(n) AS due, due AS started, 0.2 AS lag_ms,
    CASE WHEN (n + m * 977) % 43200 < 20 THEN 'wrong_status' WHEN hash(n, m) % 500 = 0 THEN 'slow'
         ELSE 'ok' END AS outcome,
    CASE outcome WHEN 'wrong_status' THEN 'bad' WHEN 'slow' THEN 'degraded' ELSE 'good' END
        AS verdict,
    60000 AS interval_ms, 10000 AS timeout_ms, 200 AS status, '192.0.2.1' AS address,
    1 + chance AS dns_ms, 6 + chance AS connect_ms, 14 + chance AS tls_ms,
    exp(4.2 + 0.6 * chance) AS wait_ms, 2 + chance AS transfer_ms,
    exp(4.2 + 0.6 * chance) + 23 + 4 * chance AS total_ms, 5000 AS body_bytes,
    0 AS redirects, false AS generated
FROM (
    SELECT n, m, hash(m, n) % 1000 / 1000 AS chance
    FROM range($minutes) AS minutes(n), range($monitors) AS monitors(m)
)
ORDER BY due
"""


def timed_ms(act: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        act()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def measure(database: Database, when: str, now: datetime) -> None:
    window = Window(now - timedelta(days=DAYS), now)
    with database.snapshot() as snapshot:
        ((rows, monitor),) = snapshot.rows(
            "SELECT (SELECT count(*) FROM checks), (SELECT min(monitor) FROM monitor_definitions)"
        )
        monitor = monitor or "monitor-0"
        strips_ms = timed_ms(lambda: uptime(snapshot, None, window, now))
        latency_ms = timed_ms(lambda: latency(snapshot, monitor, window))
    print(
        f"{when:24} {rows:>10,} results: 90 days of all {strips_ms:7.0f} ms,"
        f" latency of one {latency_ms:6.0f} ms",
        flush=True,
    )


def run(folder: Path, monitors: int, now: datetime) -> None:
    database = Database(folder)
    (known,) = database.cursor().execute("SELECT count(*) FROM checks").fetchone() or (0,)
    if not known:
        start = (now - timedelta(days=DAYS)).replace(tzinfo=None)
        minutes = DAYS * 24 * 60
        database.cursor().execute(MAKE, {"start": start, "minutes": minutes, "monitors": monitors})
    measure(database, "before", now)
    days = unclosed_days(database, now)
    started = time.perf_counter()
    for day in days:
        close_day(database, day, now)
    each_ms = (time.perf_counter() - started) * 1000 / max(1, len(days))
    print(f"closed {len(days)} days, {each_ms:.0f} ms each")
    measure(database, "closed", now)
    with database.transaction() as cursor:
        drop_raw_checks(cursor, (now - timedelta(days=30)).date(), now)
    measure(database, "results of 30 days left", now)
    database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--monitors", type=int, default=20)
    parser.add_argument("--store", type=Path)
    asked = parser.parse_args()
    now = datetime.now(UTC)
    if asked.store:
        run(asked.store, asked.monitors, now)
        return
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), asked.monitors, now)


if __name__ == "__main__":
    main()
