"""Checks a second on one core, ours against `httpx.AsyncClient()` per check, in the same run.

Run: python bench/probes.py            (about 25 s; needs the openssl command for its certificate)

Both aim at the same target in a process of its own, on loopback, plain and over TLS, 50 in flight,
in alternating rounds. What is counted is checks per second of this process's own CPU time, so that
a busy machine disturbs the ratio little; only ratios carry over to other machines.
"""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
import uvloop

# Run as a script, this file would stand before the room of the same name.
sys.path[:] = [each for each in sys.path if Path(each).resolve() != Path(__file__).parent.resolve()]

from probes.check import Checker, now_us  # noqa: E402
from probes.monitor import Monitor  # noqa: E402
from probes.outcome import Outcome  # noqa: E402

IN_FLIGHT = 50
ROUNDS = 3
ROUND_S = 1.2
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1600\r\n\r\n" + (
    b"<h1>Sign in</h1>" * 100
)

Check = Callable[[], Awaitable[bool]]


class Target(asyncio.Protocol):
    """Answers every request alike, as quickly as it can."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r\n\r\n"):
            self.transport.write(ANSWER)  # type: ignore[attr-defined]


async def serve(certificate: str, key: str) -> None:
    loop = asyncio.get_running_loop()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    plain = await loop.create_server(Target, "127.0.0.1", 0, backlog=4096)
    secured = await loop.create_server(Target, "127.0.0.1", 0, ssl=tls, backlog=4096)
    for server in (plain, secured):
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


@contextlib.contextmanager
def target(certificate: str, key: str) -> Iterator[tuple[int, int]]:
    """The ports of a target in another process: plain and TLS."""
    command = [sys.executable, __file__, "--serve", certificate, key]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline()), int(process.stdout.readline())
        finally:
            process.communicate()


def make_certificate(folder: Path) -> tuple[str, str]:
    if (openssl := shutil.which("openssl")) is None:
        sys.exit("bench/probes.py makes its certificate with the openssl command: install it")
    certificate, key = str(folder / "crt.pem"), str(folder / "key.pem")
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


async def checks_per_cpu_s(check: Check, round_s: float) -> float:
    """How many checks a second of CPU of this process are made, IN_FLIGHT at a time."""
    count = 0
    end_s = time.monotonic() + round_s

    async def keep_checking() -> None:
        nonlocal count
        while time.monotonic() < end_s:
            if not await check():
                raise SystemExit("a check of the bench's own target failed")
            count += 1

    began_s = time.process_time()
    await asyncio.gather(*(keep_checking() for _ in range(IN_FLIGHT)))
    return count / (time.process_time() - began_s)


def ours(checker: Checker, url: str) -> Check:
    monitor = Monitor(id="bench", url=url, text="Sign in", latency_max_ms=9_000)

    async def check() -> bool:
        result = await checker.check(monitor, due_us=now_us(), location="bench")
        return result.outcome is Outcome.OK

    return check


def httpx_per_check(url: str, verify: Callable[[], ssl.SSLContext | bool]) -> Check:
    async def check() -> bool:
        async with httpx.AsyncClient(verify=verify()) as client:
            response = await client.get(url)
            return response.status_code == 200 and "Sign in" in response.text

    return check


def httpx_context(certificate: str) -> ssl.SSLContext:
    """The context `httpx.AsyncClient()` builds for itself, trusting the target as well."""
    context = httpx.create_ssl_context()
    context.load_verify_locations(certificate)
    return context


async def measure(plain_port: int, tls_port: int, certificate: str) -> dict[str, list[float]]:
    shared = httpx_context(certificate)
    checker = Checker(context=shared, stall_limit_s=60)
    plain, secured = f"http://127.0.0.1:{plain_port}/", f"https://127.0.0.1:{tls_port}/"
    contenders: dict[str, Check] = {
        "plain ours": ours(checker, plain),
        "plain httpx": httpx_per_check(plain, lambda: True),
        "plain httpx, one context": httpx_per_check(plain, lambda: shared),
        "tls ours": ours(checker, secured),
        "tls httpx": httpx_per_check(secured, lambda: httpx_context(certificate)),
        "tls httpx, one context": httpx_per_check(secured, lambda: shared),
    }
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, check in contenders.items():
            rates[name].append(await checks_per_cpu_s(check, ROUND_S))
    await checker.aclose()
    return rates


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        uvloop.run(serve(*sys.argv[2:]))
        return
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate(Path(folder))
        with target(certificate, key) as (plain_port, tls_port):
            rates = uvloop.run(measure(plain_port, tls_port, certificate))
    middle = {name: sorted(values)[len(values) // 2] for name, values in rates.items()}
    for name, rate in middle.items():
        spread = ", ".join(f"{value:,.0f}" for value in rates[name])
        print(f"{name:26} {rate:8,.0f} checks per CPU second   (rounds: {spread})")
    print(
        "summary: "
        + "; ".join(
            f"{kind} {middle[f'{kind} ours']:,.0f}/s a core, "
            f"{middle[f'{kind} ours'] / middle[f'{kind} httpx']:.1f}x httpx per check, "
            f"{middle[f'{kind} ours'] / middle[f'{kind} httpx, one context']:.1f}x "
            "with one TLS context"
            for kind in ("plain", "tls")
        )
    )


if __name__ == "__main__":
    main()
