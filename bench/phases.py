"""How exact the phases of a check are, against a server with a known delay in each.

Run: python -m bench.phases [CHECKS]      (some 20 s; needs the openssl command)

A check over TLS is delayed in DNS, in the handshake, before the first header byte and within the
body; what each phase shows beyond its delay is printed, next to what it takes without one. The
timer of the delaying side is late too, and counts against us. A loopback cannot delay a connect.
"""

import asyncio
import contextlib
import socket
import ssl
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from bench.probes import make_certificate
from probes.check import Checker, now_us
from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.result import CheckResult

CHECKS = 40
DELAYS_MS = {"dns": 40.0, "tls": 30.0, "wait": 50.0, "transfer": 60.0}
WITHIN_MS = 5.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n"


class DelayedServer:
    """Serves TLS on loopback, late by `delays_ms` in handshake, wait and transfer."""

    def __init__(self, context: ssl.SSLContext, delays_ms: dict[str, float]) -> None:
        self._context = context
        self._delays_ms = delays_ms
        self._secured_port = 0

    async def listen(self) -> int:
        """The port of a relay that holds the handshake back, as a server cannot by itself."""
        secured = await asyncio.start_server(self._answer, "127.0.0.1", 0, ssl=self._context)
        self._secured_port = secured.sockets[0].getsockname()[1]
        relay = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        port: int = relay.sockets[0].getsockname()[1]
        return port

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await self._late("wait")
        writer.write(HEAD + b"x" * 1000)
        await self._late("transfer")
        writer.write(b"x" * 1000)
        await writer.drain()
        writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._late("tls")
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._secured_port)
        # What is still open when the bench ends is cancelled.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(copy(reader, inner_writer), copy(inner_reader, writer))

    async def _late(self, phase: str) -> None:
        await asyncio.sleep(self._delays_ms.get(phase, 0.0) / 1000)


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


def phases(result: CheckResult) -> dict[str, float]:
    assert result.outcome is Outcome.OK, result
    return {name: getattr(result, f"{name}_ms") for name in DELAYS_MS}


async def measured(
    context: ssl.SSLContext, trusting: ssl.SSLContext, delays_ms: dict[str, float], checks: int
) -> list[dict[str, float]]:
    """The phases of each of `checks`, one after the other."""

    def resolve(host: str, port: int, **_: object) -> list[Any]:
        time.sleep(delays_ms.get("dns", 0.0) / 1000)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    port = await DelayedServer(context, delays_ms).listen()
    checker = Checker(getaddrinfo=resolve, context=trusting)
    monitor = Monitor(id="delayed", url=f"https://localhost:{port}/", timeout_s=5)
    found = [
        phases(await checker.check(monitor, due_us=now_us(), location="bench"))
        for _ in range(checks + 1)
    ][1:]
    await checker.aclose()
    return found


async def bench(checks: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate(Path(folder))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        trusting = ssl.create_default_context(cafile=certificate)
        plain = await measured(context, trusting, {}, checks)
        delayed = await measured(context, trusting, DELAYS_MS, checks)
    for name, delay_ms in DELAYS_MS.items():
        usual_ms = statistics.median(each[name] for each in plain)
        beyond = sorted(abs(each[name] - delay_ms - usual_ms) for each in delayed)
        within = sum(each <= WITHIN_MS for each in beyond)
        print(
            f"{name:9} delayed by {delay_ms:3.0f} ms, else {usual_ms:5.2f} ms: off by"
            f" {statistics.median(beyond):5.2f} ms in the median, {beyond[-1]:6.2f} ms at most;"
            f" {within} of {checks} within {WITHIN_MS:g} ms"
        )


def main() -> None:
    uvloop.run(bench(int(sys.argv[1]) if len(sys.argv) > 1 else CHECKS))


if __name__ == "__main__":
    main()
