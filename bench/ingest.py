"""The whole way of a beacon, with loader and reports at work: rate, answers, backlog, freshness.

    python -m bench.ingest [--minutes 2] [--rate 10000] [--connections 256] [--stored 2000000]

1. A store of `--stored` events, nearly all in sealed days: their bytes an event, and how long
   `vigie serve` takes to serve from it.
2. `--rate` beacons a second for `--minutes`, reports asked for meanwhile: what was answered, the
   journal's backlog over time, processor time and memory of each process.
3. 1,000 beacons a second: the time from sending a beacon to finding it in the store.
The client takes its share of the same cores; on a busy machine trust the processor time of a beacon
rather than the rate. Linux only.
"""

import argparse
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from bench.collector import SITE, beacon, cpu_seconds
from bench.ingest_store import fill_store
from store.admission import backlog_bytes
from tests.support.ports import free_port
from tests.support.serving import Serving, answers
from tests.support.waiting import wait_for

FRESH_RATE = 1_000
FRESH_S = 30.0
POLL_S = 0.02
REPORT_EVERY_S = 1.0
LOOKS = 8
ORIGIN = SITE.origins[0]
SETTINGS = f"""
[collector]
host = "127.0.0.1"
port = {{collector}}
site_beacons_per_s = 0
address_beacons_per_s = 0
site_sessions_per_s = 0
address_sessions_per_s = 0

[console]
port = {{console}}

[[sites]]
id = "{SITE.id}"
key = "{SITE.key}"
origins = ["{ORIGIN}"]
"""


def start(folder: Path) -> tuple[Serving, float]:
    """`vigie serve` on the folder's data, and the seconds until both of its doors answered."""
    ports = {"collector": free_port(), "console": free_port()}
    config, data, log = folder / "vigie.toml", folder / "data", folder / "serve.log"
    config.write_text(SETTINGS.format(**ports))
    begun = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "vigie", "serve", "--config", str(config), "--data", str(data)],
            stdout=output,
            stderr=output,
        )
    collector, console = (f"http://127.0.0.1:{port}" for port in ports.values())
    served = Serving(process, data, config, log, collector, console)
    wait_for(
        lambda: answers(f"{collector}/health") and answers(f"{console}/health"),
        "vigie serve to answer",
        seconds=300,
    )
    return served, time.monotonic() - begun


def client(served: Serving, connections: int, rate: float, seconds: float) -> Any:
    """A client at work; a Popen whose output are its figures."""
    port = served.collector.rpartition(":")[2]
    arguments = [port, str(connections), str(rate), str(seconds)]
    return subprocess.Popen(
        [sys.executable, "-m", "bench.ingest_client", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )


def memory_mb(process: int, what: str) -> float:
    """VmRSS, or VmHWM, the most there ever was."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Reader:
    """Asks for reports, each a second after the last, in a thread."""

    def __init__(self, served: Serving) -> None:
        self.seconds: list[float] = []
        self.given_up = 0
        """Not answered in 30 s."""
        self._served = served
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Reader":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        turn = 0
        while not self._stop.wait(REPORT_EVERY_S):
            name = ("sessions", "speed", "seen")[turn % 3]
            turn += 1
            begun = time.monotonic()
            try:
                answer = self._served.get(f"/api/v1/reports/{name}", site=SITE.id)
            except httpx.TimeoutException:
                self.given_up += 1
                continue
            if answer.status_code == 200:
                self.seconds.append(time.monotonic() - begun)


def load(served: Serving, arguments: argparse.Namespace) -> None:
    seconds = arguments.minutes * 60
    processes = {name: child["pid"] for name, child in served.children().items()}
    before = {name: cpu_seconds(pid) for name, pid in processes.items()}
    backlogs, own_s = [], time.process_time()
    with Reader(served) as reader:
        sending = client(served, arguments.connections, arguments.rate, seconds)
        for _ in range(LOOKS):
            time.sleep(seconds / LOOKS)
            backlogs.append(backlog_bytes(served.data / "journal") / 1e6)
        figures = json.loads(sending.communicate(timeout=120)[0])
    print(f"asked for        {arguments.rate:>10,.0f} beacons/s for {arguments.minutes:g} minutes")
    print(f"answered 204     {figures['rate']:>10,.0f} beacons/s, 5 events each")
    print(f"answer           p50 {figures['p50_ms']:.1f}, p99 {figures['p99_ms']:.1f}", end=" ")
    print(f"(aim: 50), most {figures['max_ms']:.0f} ms; others {figures['others']}")
    print(f"backlog          {', '.join(f'{mb:.0f}' for mb in backlogs)} MB over time")
    if reader.seconds:
        middle_s, most_s = statistics.median(reader.seconds), max(reader.seconds)
        print(f"reports          {len(reader.seconds)}: median {middle_s:.2f}, most", end=" ")
        print(f"{most_s:.2f} s; {reader.given_up} not answered in 30 s")
    for name, pid in processes.items():
        cores = (cpu_seconds(pid) - before[name]) / seconds
        a_beacon_us = cores / figures["rate"] * 1e6
        print(f"  {name:14} {cores:>10.2f} cores, {a_beacon_us:.0f} us a beacon,", end=" ")
        print(f"{memory_mb(pid, 'VmHWM'):,.0f} MB of memory at most")
    client_us = figures["cpu_s"] / seconds / figures["rate"] * 1e6
    print(f"  {'client':14} {figures['cpu_s'] / seconds:>10.2f} cores, {client_us:.0f} us a beacon")
    share = (time.process_time() - own_s) / seconds
    print(f"  {'asking reports':14} {share:>10.2f} cores")


def caught_up(served: Serving) -> float:
    """Seconds until the journal is loaded to its end."""
    begun = time.monotonic()
    wait_for(
        lambda: backlog_bytes(served.data / "journal") < 1_000_000, "the backlog", seconds=1800
    )
    return time.monotonic() - begun


def freshness(served: Serving) -> None:
    waits: list[float] = []
    sending = client(served, 32, FRESH_RATE, FRESH_S)
    end = time.monotonic() + FRESH_S - 3
    time.sleep(2)
    with httpx.Client(timeout=30) as http:
        while time.monotonic() < end:
            body = json.loads(beacon()) | {"session": (session := secrets.token_hex(16))}
            begun = time.monotonic()
            headers = {"content-type": "text/plain", "origin": ORIGIN}
            url = f"{served.collector}/rum/v1/beacon"
            http.post(url, content=json.dumps(body), headers=headers).raise_for_status()
            while not served.get("/api/v1/received", session=session).json()["events"]:
                time.sleep(POLL_S)
            waits.append(time.monotonic() - begun)
    figures = json.loads(sending.communicate(timeout=60)[0])
    p95 = statistics.quantiles(waits, n=20)[18]
    print(f"freshness at     {figures['rate']:>10,.0f} beacons/s:", end=" ")
    print(f"median {statistics.median(waits):.2f}, p95 {p95:.2f} s (aim: 2), of {len(waits)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--rate", type=float, default=10_000.0)
    parser.add_argument("--connections", type=int, default=256)
    parser.add_argument("--stored", type=int, default=2_000_000)
    parser.add_argument("--folder", help="where the disk is; default: the temporary one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vigie-ingest-", dir=arguments.folder) as name:
        folder = Path(name)
        stored = fill_store(folder / "data" / "store", arguments.stored)
        print(f"stored           {stored.events:>10,} events, {stored.hot:,} of them hot")
        print(f"sealed           {stored.detail_bytes:>10.1f} bytes an event of detail", end=" ")
        print(f"(aim: 20), and {stored.summary_bytes:.1f} of session summaries")
        served, seconds = start(folder)
        try:
            print(f"serving after    {seconds:>10.1f} s (aim: 5)")
            freshness(served)
            load(served, arguments)
            print(f"then caught up   {caught_up(served):>10.1f} s later")
        finally:
            served.process.terminate()
            served.process.wait(120)
        served, seconds = start(folder)
        print(f"serving again    {seconds:>10.1f} s after a restart")
        served.process.terminate()
        served.process.wait(120)
    others = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"({os.cpu_count()} cores, load {others}, {len(beacon()):,} bytes a beacon)")


if __name__ == "__main__":
    main()
