"""What a report of paths, and one of clicks, costs on a generated store: shares of one run.

python -m bench.generated_store FOLDER --events 10000000 --flood 200000
python -m bench.paths FOLDER
"""

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analytics.question import SiteScope, Window
from analytics.reports.clicks import clicks
from analytics.reports.paths import paths
from analytics.reports.paths_types import Direction, PathStart
from bench.generated_rows import SITE
from store.database import Database
from store.snapshot import Snapshot

ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--days", type=int, default=30)
    asked = parser.parse_args()
    now = datetime.now(UTC)
    window = Window(now - timedelta(days=asked.days + 1), now)
    scope = SiteScope(site=SITE, levels=("novice", "confirmed", "expert"))
    database = Database(asked.folder)

    def took_s(question: Callable[[Snapshot], object]) -> float:
        rounds = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            with database.snapshot() as snapshot:
                question(snapshot)
            rounds.append(time.perf_counter() - started)
        return statistics.median(rounds)

    with database.snapshot() as snapshot:
        report = paths(snapshot, scope, window, PathStart(), now=now, sample=1.0)
    page = max(report.at(0), key=lambda node: node.weight).name
    starts = {
        "from the entry": PathStart(),
        "around a page": PathStart(direction=Direction.AROUND, page=page),
        "back from the exit": PathStart(direction=Direction.BEFORE),
    }
    print(f"{report.sessions:,} sessions, {ROUNDS} rounds, medians")
    for name, start in starts.items():
        full = took_s(lambda s, start=start: paths(s, scope, window, start, now=now, sample=1.0))  # type: ignore[misc]
        fifth = took_s(lambda s, start=start: paths(s, scope, window, start, now=now, sample=0.2))  # type: ignore[misc]
        print(f"paths {name}: all {full:.2f} s, 20 % {fifth:.2f} s ({fifth / full:.2f})")
    full = took_s(lambda s: clicks(s, scope, window, now=now, page=page, sample=1.0))
    fifth = took_s(lambda s: clicks(s, scope, window, now=now, page=page, sample=0.2))
    print(f"clicks of a page: all {full:.2f} s, 20 % {fifth:.2f} s ({fifth / full:.2f})")
    database.close()


if __name__ == "__main__":
    main()
