"""The prober's speed: checks a second against blackbox_exporter and httpx, many monitors, many
answers that take a second.

Run: python bench/probes.py [blackbox|httpx|monitors|even ...]      (all: about 2 minutes)

- blackbox: checks per CPU second, plain and over TLS, ours (all phases timed, text and latency
  asserted, results journaled) against Debian's prometheus-blackbox-exporter driven at /probe (its
  text asserted too), each on one core, in alternating rounds at one target on the other core.
- httpx: ours, unjournaled, against `httpx.AsyncClient()` per check, in alternating rounds.
- monitors: `vigie prober` with 10,000 monitors at 60 s: share of a core, lag, memory.
- even: 1,000 checks a second, evenly, of a target that answers in 1.0 s: what is reported, lag.

What is counted is CPU time, so that a busy machine disturbs ratios little; only ratios carry over
to other machines. Needs the openssl command for its certificate.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import uvloop

# Run as a script, this file would stand before the room of the same name.
sys.path[:] = [each for each in sys.path if Path(each).resolve() != Path(__file__).parent.resolve()]
ROOT = Path(__file__).resolve().parent.parent

from probes.check import Checker, now_us  # noqa: E402
from probes.monitor import Monitor  # noqa: E402
from probes.outcome import Outcome  # noqa: E402
from probes.result import CheckResult  # noqa: E402
from store.journal_reader import read_frames, segments  # noqa: E402
from store.journal_writer import JournalWriter  # noqa: E402
from store.records import decode  # noqa: E402

IN_FLIGHT = 50
ROUNDS = 3
ROUND_S = 2.5
WARM_UP_S = 0.5
MONITORS, INTERVAL_S, MONITORS_S, SETTLE_S = 10_000, 60, 35.0, 5.0
EVEN_PER_S, EVEN_ANSWER_S, EVEN_S = 1_000, 1.0, 12.0
CPUS = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
BODY = b"<h1>Sign in</h1>" * 100
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (
    len(BODY),
    BODY,
)
BLACKBOX = """\
modules:
  bench:
    prober: http
    timeout: 9s
    http:
      preferred_ip_protocol: ip4
      fail_if_body_not_matches_regexp: ["Sign in"]
      tls_config: {{ca_file: "{certificate}"}}
"""

Check = Callable[[], Awaitable[bool]]


# The target, in a process of its own


class Target(asyncio.Protocol):
    """Answers every request alike, at once or after `delay_s`."""

    delay_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if not data.endswith(b"\r\n\r\n"):
            return
        if self.delay_s:
            asyncio.get_running_loop().call_later(self.delay_s, self.answer)
        else:
            self.answer()

    def answer(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(ANSWER)  # type: ignore[attr-defined]


class SlowTarget(Target):
    delay_s = EVEN_ANSWER_S


async def serve(certificate: str, key: str) -> None:
    loop = asyncio.get_running_loop()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    for protocol, context in ((Target, None), (Target, tls), (SlowTarget, None)):
        server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context, backlog=4096)
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


@contextlib.contextmanager
def target(certificate: str, key: str) -> Iterator[dict[str, str]]:
    """The URLs of a target on the last core: plain, tls and slow."""
    command = [sys.executable, __file__, "--serve", certificate, key]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        pin(process.pid, -1)
        assert process.stdout is not None
        ports = [int(process.stdout.readline()) for _ in range(3)]
        try:
            yield {
                kind: f"{'https' if kind == 'tls' else 'http'}://127.0.0.1:{port}/"
                for kind, port in zip(("plain", "tls", "slow"), ports, strict=True)
            }
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


# Measuring processes


def pin(pid: int, which: int) -> None:
    """Keep a process on the first (0) or last (-1) core, where the system can."""
    if len(CPUS) > 1:
        os.sched_setaffinity(pid, {CPUS[which]})


def cpu_s(pid: int) -> float:
    """CPU seconds a process has used so far, its threads' and the kernel's for it included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """The most memory a process has held at once."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"no VmHWM of {pid}")


async def rate(check: Check, round_s: float, used_s: Callable[[], float]) -> float:
    """Checks per second of CPU by `used_s`, IN_FLIGHT at a time."""
    count = 0
    end_s = time.monotonic() + round_s

    async def keep_checking() -> None:
        nonlocal count
        while time.monotonic() < end_s:
            if not await check():
                raise SystemExit("a check of the bench's own target failed")
            count += 1

    began_s = used_s()
    await asyncio.gather(*(keep_checking() for _ in range(IN_FLIGHT)))
    return count / (used_s() - began_s)


async def rounds(
    contenders: dict[str, tuple[Check, Callable[[], float]]], round_s: float
) -> dict[str, list[float]]:
    """The rates of each, taken in turn, the first lap thrown away."""
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for lap in range(ROUNDS + 1):
        for name, (check, used_s) in contenders.items():
            found = await rate(check, round_s if lap else WARM_UP_S, used_s)
            if lap:
                rates[name].append(found)
    return rates


def middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def share(values: list[float], q: float) -> float:
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


def print_rates(rates: dict[str, list[float]]) -> None:
    for name, values in rates.items():
        spread = ", ".join(f"{value:,.0f}" for value in values)
        print(f"{name:26} {middle(values):8,.0f} checks per CPU second   (rounds: {spread})")


def verdict(what: str, value: float, limit: float, unit: str, *, least: bool = False) -> None:
    good = value >= limit if least else value <= limit
    sign = ">=" if least else "<="
    print(f"{what:42} {value:9.2f} {unit:4} target {sign} {limit:g}   {'ok' if good else 'MISSED'}")


# What is measured


def ours(checker: Checker, url: str, journal: JournalWriter | None = None) -> Check:
    monitor = Monitor(id="bench", url=url, text="Sign in", latency_max_ms=9_000)

    async def check() -> bool:
        result = await checker.check(monitor, due_us=now_us(), location="bench")
        if journal is not None:
            await journal.write(result)
        return result.outcome is Outcome.OK

    return check


def httpx_per_check(url: str, verify: Callable[[], ssl.SSLContext | bool]) -> Check:
    async def check() -> bool:
        async with httpx.AsyncClient(verify=verify()) as client:
            response = await client.get(url)
            return response.status_code == 200 and "Sign in" in response.text

    return check


class Asked(asyncio.Protocol):
    """One kept connection to blackbox_exporter."""

    def __init__(self) -> None:
        self.answer = b""
        self.done: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.answer += data
        head, found, body = self.answer.partition(b"\r\n\r\n")
        whole = (
            body.endswith(b"0\r\n\r\n")
            if b"chunked" in head
            else bool(found) and _whole(head, body)
        )
        if whole and self.done is not None and not self.done.done():
            self.done.set_result(self.answer)

    async def ask(self, request: bytes) -> bytes:
        self.answer = b""
        self.done = asyncio.get_running_loop().create_future()
        self.transport.write(request)  # type: ignore[attr-defined]
        return await self.done


def _whole(head: bytes, body: bytes) -> bool:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return False


def blackbox_check(port: int, url: str) -> Check:
    """A check by blackbox_exporter; connections to it are kept and taken in turn."""
    request = (
        f"GET /probe?module=bench&target={quote(url, safe='')} HTTP/1.1\r\n"
        f"Host: 127.0.0.1:{port}\r\nAccept: text/plain\r\n\r\n"
    ).encode()
    free: list[Asked] = []

    async def check() -> bool:
        if free:
            asked = free.pop()
        else:
            loop = asyncio.get_running_loop()
            _, asked = await loop.create_connection(Asked, "127.0.0.1", port)
        answer = await asked.ask(request)
        free.append(asked)
        return b"\nprobe_success 1\n" in answer

    return check


@contextlib.contextmanager
def blackbox(folder: Path, certificate: str) -> Iterator[tuple[int, int]]:
    """Process and port of a blackbox_exporter on the first core."""
    if (program := shutil.which("prometheus-blackbox-exporter")) is None:
        raise SystemExit(
            "this section measures against prometheus-blackbox-exporter, which is not installed;"
            " on Debian, as root: apt-get install prometheus-blackbox-exporter"
        )
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    config = folder / "blackbox.yml"
    config.write_text(BLACKBOX.format(certificate=certificate))
    command = [program, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"]
    with subprocess.Popen(
        command, stderr=subprocess.DEVNULL, env={**os.environ, "GOMAXPROCS": "1"}
    ) as process:
        pin(process.pid, 0)
        try:
            deadline_s = time.monotonic() + 20
            while time.monotonic() < deadline_s:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.05)
            yield process.pid, port
        finally:
            process.terminate()


def section_blackbox(folder: Path, urls: dict[str, str], certificate: str) -> None:
    """Each side runs alone in its round: this process is ours on the first core, and only the
    driver of blackbox, on the last, in the other's."""
    shared = ssl.create_default_context(cafile=certificate)

    async def measure(process: int, port: int) -> dict[str, list[float]]:
        checker = Checker(context=shared, stall_limit_s=60)
        journal = JournalWriter(folder / "journal", "bench")

        def own_s() -> float:
            return time.process_time()

        contenders: dict[str, tuple[Check, Callable[[], float]]] = {}
        for kind in ("plain", "tls"):
            contenders[f"{kind} ours"] = (ours(checker, urls[kind], journal), own_s)
            contenders[f"{kind} blackbox"] = (
                blackbox_check(port, urls[kind]),
                lambda: cpu_s(process),
            )
        rates: dict[str, list[float]] = {name: [] for name in contenders}
        for lap in range(ROUNDS + 1):
            for name, (check, used_s) in contenders.items():
                pin(0, 0 if "ours" in name else -1)
                found = await rate(check, ROUND_S if lap else WARM_UP_S, used_s)
                if lap:
                    rates[name].append(found)
        await checker.aclose()
        await asyncio.to_thread(journal.close)
        return rates

    with blackbox(folder, certificate) as (process, port):
        rates = uvloop.run(measure(process, port))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, CPUS)
    print_rates(rates)
    for kind, limit in (("plain", 1.5), ("tls", 0.9)):
        ratio = middle(rates[f"{kind} ours"]) / middle(rates[f"{kind} blackbox"])
        verdict(f"{kind}: ours / blackbox", ratio, limit, "x", least=True)


def section_httpx(folder: Path, urls: dict[str, str], certificate: str) -> None:
    def context() -> ssl.SSLContext:
        """The one `httpx.AsyncClient()` builds for itself, trusting the target as well."""
        made = httpx.create_ssl_context()
        made.load_verify_locations(certificate)
        return made

    async def measure() -> dict[str, list[float]]:
        shared = context()
        checker = Checker(context=shared, stall_limit_s=60)
        plain, secured = urls["plain"], urls["tls"]
        checks = {
            "plain ours": ours(checker, plain),
            "plain httpx": httpx_per_check(plain, lambda: True),
            "plain httpx, one context": httpx_per_check(plain, lambda: shared),
            "tls ours": ours(checker, secured),
            "tls httpx": httpx_per_check(secured, context),
            "tls httpx, one context": httpx_per_check(secured, lambda: shared),
        }
        found = await rounds(
            {name: (each, time.process_time) for name, each in checks.items()}, 1.2
        )
        await checker.aclose()
        return found

    rates = uvloop.run(measure())
    print_rates(rates)
    for kind in ("plain", "tls"):
        for other in ("httpx", "httpx, one context"):
            ratio = middle(rates[f"{kind} ours"]) / middle(rates[f"{kind} {other}"])
            print(f"{kind + ': ours / ' + other:42} {ratio:9.2f} x")


def section_monitors(folder: Path, urls: dict[str, str], certificate: str) -> None:
    """The real process, from its settings file to its journal."""
    table = '[[monitors]]\nid = "m{0}"\nurl = "{1}?{0}"\ninterval_s = {2}\ntext = "Sign in"\n'
    settings = folder / "vigie.toml"
    settings.write_text(
        "\n".join(table.format(n, urls["plain"], INTERVAL_S) for n in range(MONITORS))
    )
    command = [sys.executable, "-m", "vigie", "prober", "--config", str(settings)]
    command += ["--data", str(folder / "data")]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            pin(process.pid, 0)
            journal = folder / "data" / "journal"
            while not (journal.exists() and results(journal)):
                if process.poll() is not None:
                    raise SystemExit("the prober ended by itself")
                time.sleep(0.2)
            time.sleep(SETTLE_S)
            began_us, began_s, began_cpu_s = now_us(), time.monotonic(), cpu_s(process.pid)
            time.sleep(MONITORS_S)
            busy = (cpu_s(process.pid) - began_cpu_s) / (time.monotonic() - began_s)
            memory = memory_mb(process.pid)
        finally:
            process.terminate()
    found = [each for each in results(journal) if each.due_us >= began_us]
    bad = sum(each.outcome is not Outcome.OK for each in found)
    lags = [each.lag_ms for each in found]
    print(f"{MONITORS:,} monitors at {INTERVAL_S} s: {len(found):,} checks, {bad} not good")
    verdict("share of one core", 100 * busy, 35, "%")
    verdict("lag, 99th percentile", share(lags, 0.99), 250, "ms")
    verdict("most memory held", memory, 400, "MB")


def results(journal: Path) -> list[CheckResult]:
    found: list[CheckResult] = []
    for segment in segments(journal):
        position = 0
        while (read := read_frames(segment.path, position, 8_000_000)).frames:
            records = (decode(frame.payload) for frame in read.frames)
            found += [record for record in records if isinstance(record, CheckResult)]
            position = read.end
    return found


def section_even(folder: Path, urls: dict[str, str], certificate: str) -> None:
    monitor = Monitor(id="bench", url=urls["slow"], text="Sign in")

    async def measure() -> list[CheckResult]:
        checker = Checker(stall_limit_s=60)
        loop = asyncio.get_running_loop()
        began_s, began_us = loop.time() + 0.5, now_us() + 500_000
        checks: list[asyncio.Task[CheckResult]] = []
        for number in range(int(EVEN_PER_S * EVEN_S)):
            offset_s = number / EVEN_PER_S
            if (wait_s := began_s + offset_s - loop.time()) > 0:
                await asyncio.sleep(wait_s)
            due_us = began_us + int(offset_s * 1e6)
            checks.append(
                asyncio.create_task(checker.check(monitor, due_us=due_us, location="bench"))
            )
        done = await asyncio.gather(*checks)
        await checker.aclose()
        return done

    pin(0, 0)
    began_s = time.process_time()
    found = uvloop.run(measure())
    busy = (time.process_time() - began_s) / (EVEN_S + EVEN_ANSWER_S)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, CPUS)
    bad = sum(each.outcome is not Outcome.OK for each in found)
    totals = [each.total_ms for each in found if each.total_ms is not None]
    lags = [each.lag_ms for each in found]
    print(
        f"{EVEN_PER_S:,} checks a second of a target that answers in {EVEN_ANSWER_S:g} s:"
        f" {len(found):,} checks, {bad} not good, {100 * busy:.0f} % of one core"
    )
    verdict("reported, median, beyond the answer's time", share(totals, 0.5) - 1000, 30, "ms")
    print(f"{'reported, 99th percentile':42} {share(totals, 0.99):9.2f} ms")
    print(
        f"{'lag, median and 99th percentile':42} {middle(lags):9.2f} ms {share(lags, 0.99):9.2f} ms"
    )


SECTIONS: dict[str, Callable[[Path, dict[str, str], str], None]] = {
    "blackbox": section_blackbox,
    "httpx": section_httpx,
    "monitors": section_monitors,
    "even": section_even,
}


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        uvloop.run(serve(*sys.argv[2:]))
        return
    asked = sys.argv[1:] or list(SECTIONS)
    if unknown := [name for name in asked if name not in SECTIONS]:
        sys.exit(f"there is no section {unknown[0]!r}; there are {', '.join(SECTIONS)}")
    for name in asked:
        print(f"--- {name}")
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = make_certificate(Path(folder))
            with target(certificate, key) as urls:
                SECTIONS[name](Path(folder), urls, certificate)


if __name__ == "__main__":
    main()
