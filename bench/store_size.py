"""What a large store costs: bytes an event, planning over its files, start to serving, memory.

    python -m bench.generated_store DATA/store --events 100000000
    python -m bench.store_size DATA [--memory 1GB] [--starts 2]

DATA is a data folder whose store `bench.generated_store` made (it takes 25 minutes for 100 million
events); `vigie serve` is really run on it, on ports of its own.
"""

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import duckdb
import httpx

from bench.generated_rows import SITE
from store.database import Database, DatabaseLimits
from vigie.folders import DataFolder

SETTINGS = """
[collector]
host = "127.0.0.1"
port = 0
[console]
port = 0
[store]
memory_limit = "{memory}"
[[sites]]
id = "{site}"
key = "bench-key-0123456789"
origins = ["*"]
keep = 1.0
"""
PLANNED = (
    "SELECT count(*) FROM events_in($files)"
    " WHERE site = $site AND day BETWEEN $day AND $day AND bucket < 0"
)
FILES = (30, 90, 300, 900)
START_LIMIT_S = 120.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("--memory", default="1GB", help="store.memory_limit")
    parser.add_argument("--starts", type=int, default=2)
    parser.add_argument("--stay-s", type=float, default=60.0, help="for the first jobs, each start")
    asked = parser.parse_args()
    folder = DataFolder(asked.data)
    for number in range(asked.starts):
        serve(folder, asked.memory, number + 1, asked.stay_s)
    database = Database(folder.store, DatabaseLimits(memory_limit=asked.memory))
    sizes(database)
    planning(database)
    database.close()


def sizes(database: Database) -> None:
    cursor = database.cursor()
    ((detail, rows),), ((summaries, sessions),) = (
        cursor.execute(
            "SELECT sum(bytes), sum(rows) FROM sealed_files"
            " WHERE dropped_at IS NULL AND (content = 'summaries') = $summaries",
            {"summaries": of_summaries},
        ).fetchall()
        for of_summaries in (False, True)
    )
    print(f"{rows:,} events and {sessions:,} sessions sealed")
    print(f"database file {database.file.stat().st_size / 1e6:,.0f} MB, with the hot days")
    print(f"detail {detail / rows:.1f} bytes an event, with summaries", end=" ")
    print(f"{(detail + summaries) / rows:.1f}")


def a_day(database: Database) -> tuple[object, list[str]]:
    rows = database.cursor().execute(
        "SELECT day, file FROM sealed_files WHERE content <> 'summaries'"
        " AND day = (SELECT min(day) FROM sealed_files)"
    )
    found = rows.fetchall()
    return found[0][0], [str(database.sealed / file) for _, file in found]


def planning(database: Database) -> None:
    """A query that reads no row, over more and more files: what opening and planning them costs."""
    day, (source, *_) = a_day(database)
    with tempfile.TemporaryDirectory(dir=database.folder) as folder:
        files = []
        for number in range(max(FILES)):
            place = Path(folder) / f"site={SITE}" / f"day={day + timedelta(days=number)}"  # type: ignore[operator]
            place.mkdir(parents=True)
            os.link(source, place / "sample.parquet")
            files.append(str(place / "sample.parquet"))
        for count in FILES:
            asked = {"files": files[:count], "site": SITE, "day": day}
            spent = [timed(database.cursor(), asked) for _ in range(7)]
            print(f"planning over {count} files {statistics.median(spent) * 1000:.0f} ms")


def timed(cursor: duckdb.DuckDBPyConnection, asked: dict[str, object]) -> float:
    begun = time.perf_counter()
    cursor.execute(PLANNED, asked).fetchall()
    return time.perf_counter() - begun


def serve(folder: DataFolder, memory: str, number: int, stay_s: float) -> None:
    """Start, wait until collector and console are ready, stay, tell each one's memory, stop."""
    config = folder.root / "bench.toml"
    config.write_text(SETTINGS.format(memory=memory, site=SITE))
    (folder.run / "ports.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "vigie", "serve", "--config", str(config)]
    with (folder.root / "bench.log").open("wb") as log:
        begun = time.monotonic()
        process = subprocess.Popen([*command, "--data", str(folder.root)], stdout=log, stderr=log)
        try:
            ready = {name: until_ready(folder, name, begun) for name in ("collector", "console")}
            print(
                f"start {number}: collector ready after {ready['collector']:.2f} s,"
                f" console after {ready['console']:.2f} s"
            )
            time.sleep(stay_s)
            for child, peak in peaks(process.pid).items():
                print(f"  {child}: {peak / 1024:,.0f} MB at most")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=120)


def until_ready(folder: DataFolder, name: str, begun: float) -> float:
    while time.monotonic() - begun < START_LIMIT_S:
        address = folder.addresses().get(name)
        try:
            if address and httpx.get(f"{address.url}/ready", timeout=5).status_code == 200:
                return time.monotonic() - begun
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise SystemExit(f"{name} was not ready after {START_LIMIT_S:.0f} s; see bench.log")


def peaks(supervisor: int) -> dict[str, int]:
    """The most memory each child had, in kB, by what it runs."""
    found = {}
    for child in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
        words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{child}/status").read_text())
        if peak and "vigie" in words:
            found[words[words.index("vigie") + 1]] = int(peak[1])
    return found


if __name__ == "__main__":
    main()
