"""How long beacons take beside 500 connections that have begun a request and do not go on.

    python -m bench.slow_crowd [--crowd 500] [--seconds 3] [--rounds 4] [--connections 8]

One collector with a journal; by turns with the crowd and without it, so that what else the machine
does slows both alike. Half of the crowd stops within its headers, half within its body. Linux only.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence

import uvloop

from bench.collector import load

HEAD = (
    b"POST /rum/v1/beacon HTTP/1.1\r\nhost: x\r\norigin: https://www.example.com\r\n"
    b"content-length: 1000\r\n"
)


async def beside(port: int, crowd: int, connections: int, seconds: float) -> list[float]:
    """The latencies (s) of the others while `crowd` connections stall."""
    stalled = [await asyncio.open_connection("127.0.0.1", port) for _ in range(crowd)]
    for number, (_, writer) in enumerate(stalled):
        writer.write(HEAD if number % 2 else HEAD + b"\r\n{")
        await writer.drain()
    answered = await load(port, connections, seconds)
    for _, writer in stalled:
        writer.transport.abort()
    return answered


def compare(arguments: argparse.Namespace, port: int) -> None:
    found: dict[int, list[float]] = {0: [], arguments.crowd: []}
    for _ in range(arguments.rounds):
        for crowd, latencies_s in found.items():
            latencies_s += uvloop.run(beside(port, crowd, arguments.connections, arguments.seconds))
    for crowd, latencies_s in found.items():
        middle, slow = _figures(latencies_s)
        print(f"beside {crowd:4}  {len(latencies_s):8,} answers   p50 {middle:6.2f}", end=" ")
        print(f"p99 {slow:6.2f} ms")
    (p50, p99), (crowd_p50, crowd_p99) = map(_figures, found.values())
    print(f"ratio        p50 {crowd_p50 / p50:.2f}, p99 {crowd_p99 / p99:.2f}")


def _figures(latencies_s: Sequence[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(latencies_s, n=100)
    return cuts[49] * 1000, cuts[98] * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--crowd", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=8)
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(sys.executable, "-m", "bench.collector"),
            *("--serve", folder, "--core", str(cores[0])),
        ]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            os.sched_setaffinity(0, {cores[-1]})
            compare(arguments, port)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
