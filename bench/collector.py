"""How many durable beacons a second one core takes, against the same route with no journal.

    python -m bench.collector [--seconds 3] [--rounds 3] [--connections 128] [--folder DIR]

Prints the medians of each and their ratios, then what each step of intake costs. Three servers: the
collector with its journal; the same without one; and that one's Starlette route alone, without the
quicker way that beacons have. They stand side by side, pinned to one core, and are loaded in turn
from the other, so that what else the machine does slows all alike. On a busy machine trust the
processor time, not the rate. Linux only.
"""

import argparse
import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from pathlib import Path
from typing import Any, cast

import uvicorn
import uvloop

from rum.collector import create_app
from rum.intake import STEPS, Accepted, BeaconRequest, Draft, Intake
from rum.limits import Limits
from rum.records import Batch, Refusal
from rum.server import server_config
from rum.sink import Kept
from rum.site import Site
from store.journal_writer import JournalWriter
from store.records import encode

SITE = Site(id="shop", key="bench-key-0123456789", origins=("https://www.example.com",))
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36"
)


LIMITS = Limits(
    # All beacons come from one client of one site here; the buckets are asked, and let all pass.
    site_beacons_per_s=1e9,
    address_beacons_per_s=1e9,
)
CLIENT = "203.0.113.9"


class NoJournal:
    """A sink that keeps nothing: what the route costs without one."""

    async def write(self, record: Batch | Refusal) -> None:
        return None

    def submit(self, record: Batch | Refusal, kept: Kept) -> None:
        kept(None)

    def healthy(self) -> bool:
        return True


def beacon() -> bytes:
    """1.9 KB, 5 events, one of them an error with a stack."""
    common: dict[str, Any] = {"at": time.time() * 1000, "view": 1, "page": "/listings/?/photos"}
    stack = "".join(
        f"    at handler{line} (https://www.example.com/static/app.4f3a2b1c.js:{line}:1200)\n"
        for line in range(14)
    )
    events: list[dict[str, Any]] = [
        {"kind": "view"},
        {"kind": "vitals", "lcp": 1834.2, "inp": 96, "cls": 0.021, "fcp": 912.4, "ttfb": 201.3},
        {"kind": "error", "name": "TypeError", "message": "x is undefined", "stack": stack},
        {
            "kind": "event",
            "name": "mandate_signed",
            "value": 250000,
            "currency": "EUR",
            "attributes": {"kind": "exclusive", "rooms": 4},
        },
        {"kind": "view", "view": 2, "page": "/mandate/?/step-2"},
    ]
    body = {
        "v": 1,
        "site": SITE.key,
        "session": secrets.token_hex(16),
        "batch": 1 << 20,
        "sent": time.time() * 1000,
        "release": "2.14",
        "user": "jean.dupont",
        "events": [common | event for event in events],
    }
    return json.dumps(body, separators=(",", ":")).encode()


def serve(folder: str, *, quick: bool = True) -> None:
    """One server, with a journal in `folder` or none for "", on a port it prints."""
    journal = JournalWriter(Path(folder), "bench") if folder else None
    app = create_app(
        [SITE],
        LIMITS,
        journal or NoJournal(),
        b"s" * 32,
        Path("static"),
    )
    config = server_config(
        app,
        LIMITS,
        quick=app.state.beacons if quick else None,
        host="127.0.0.1",
        port=0,
        log_level="error",
    )

    listening = config.bind_socket()
    listening.listen(1024)  # before its port is told to anyone
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(config).run([listening])


class Client(asyncio.Protocol):
    """One connection that sends the same request again as soon as it is answered."""

    def __init__(self, request: bytes, latencies_s: list[float]) -> None:
        self._request = request
        self._latencies_s = latencies_s
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self._send()

    def data_received(self, data: bytes) -> None:
        if not data.startswith(b"HTTP/1.1 204"):
            raise SystemExit(f"not a 204: {data[:300]!r}")
        self._latencies_s.append(time.perf_counter() - self._sent_at)
        self._send()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._request)


async def load(port: int, connections: int, seconds: float) -> list[float]:
    """The latencies (s) of all requests answered with 204 within `seconds`."""
    body = beacon()
    request = (
        b"POST /rum/v1/beacon HTTP/1.1\r\nhost: bench\r\norigin: https://www.example.com\r\n"
        b"content-type: text/plain;charset=UTF-8\r\nuser-agent: %b\r\nx-forwarded-for: %b\r\n"
        b"content-length: %d\r\n\r\n%b"
    ) % (AGENT.encode(), CLIENT.encode(), len(body), body)
    latencies_s: list[float] = []
    loop = asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: Client(request, latencies_s), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.sleep(seconds)
    answered = list(latencies_s)
    for transport, _ in opened:
        transport.abort()
    return answered


def cpu_seconds(process: int) -> float:
    """Processor time a process has used, in user and system."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def compare(arguments: argparse.Namespace) -> None:
    cores = sorted(os.sched_getaffinity(0))
    rates: dict[str, list[float]] = {"route": [], "no journal": [], "journal": []}
    slow_ms: dict[str, list[float]] = {name: [] for name in rates}
    cpu_us: dict[str, list[float]] = {name: [] for name in rates}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        servers: dict[str, subprocess.Popen[str]] = {}
        try:
            ports: dict[str, int] = {}
            for name in rates:
                command = [
                    sys.executable,
                    "-m",
                    "bench.collector",
                    "--serve",
                    folder if name == "journal" else "",
                    "--core",
                    str(cores[0]),
                    *(["--route"] if name == "route" else []),
                ]
                servers[name] = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
                output = servers[name].stdout
                assert output is not None
                ports[name] = int(output.readline())
            os.sched_setaffinity(0, {cores[-1]})
            for _ in range(arguments.rounds):
                for name, port in ports.items():
                    before_s = cpu_seconds(servers[name].pid)
                    answered = uvloop.run(load(port, arguments.connections, arguments.seconds))
                    cpu_s = cpu_seconds(servers[name].pid) - before_s
                    cpu_us[name].append(cpu_s / len(answered) * 1e6)
                    rates[name].append(len(answered) / arguments.seconds)
                    slow_ms[name].append(statistics.quantiles(answered, n=100)[98] * 1000)
        finally:
            for server in servers.values():
                server.terminate()
                server.wait()
    for name in rates:
        rate, p99_ms = statistics.median(rates[name]), statistics.median(slow_ms[name])
        spent_us = statistics.median(cpu_us[name])
        print(
            f"{name:12} {rate:8,.0f} beacons/s   p99 {p99_ms:6.1f} ms"
            f"   {spent_us:6.1f} us of processor a beacon"
        )
    for against, aim in (("route", "; the aim is 0.75"), ("no journal", "")):
        by_rate = statistics.median(rates["journal"]) / statistics.median(rates[against])
        by_cpu = statistics.median(cpu_us[against]) / statistics.median(cpu_us["journal"])
        said = f"{by_rate:.2f} by rate, {by_cpu:.2f} by processor time{aim}"
        print(f"journal against {against:12} {said}")
    print(f"({len(beacon()):,} bytes and 5 events a beacon, {arguments.connections} connections)")


def cost_of_steps(repeats: int = 4000) -> None:
    """What each step of intake costs, by itself, in microseconds: the quickest of ten."""
    intake = Intake([SITE], LIMITS, b"s" * 32)
    request = BeaconRequest(beacon(), "https://www.example.com", False, AGENT, CLIENT)
    now_us = time.time_ns() // 1000
    best_us = dict.fromkeys((step.__name__ for step in STEPS), float("inf"))
    for _ in range(10):
        drafts = [Draft(request, now_us) for _ in range(repeats // 10)]
        for step in STEPS:
            begun = time.perf_counter()
            for draft in drafts:
                step(intake, draft)
            took_us = (time.perf_counter() - begun) / len(drafts) * 1e6
            best_us[step.__name__] = min(best_us[step.__name__], took_us)
    taken = intake.take(request, now_us)
    assert isinstance(taken, Accepted)
    batch = taken.batch
    assert batch is not None
    encoded_s = min(timeit.repeat(lambda: encode(batch), number=400, repeat=10)) / 400
    best_us["encoding"] = encoded_s * 1e6
    for name, us in best_us.items():
        print(f"  {name:20} {us:6.2f} us")
    print(f"  {'all':20} {sum(best_us.values()):6.2f} us")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=128)
    parser.add_argument("--folder", help="where the journal's disk is; default: the temporary one")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--route", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve is not None:
        os.sched_setaffinity(0, {arguments.core})
        serve(arguments.serve, quick=not arguments.route)
        return
    compare(arguments)
    cost_of_steps()


if __name__ == "__main__":
    main()
