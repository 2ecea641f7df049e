"""One check of one monitor: request, redirects, assertions, under one deadline."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable

import httpx

from probes.certificate import validity
from probes.dial import client_context, connect, start_tls, unverified_context
from probes.failure import (
    X509_EXPIRED,
    X509_NOT_YET_VALID,
    CertificateRefusedError,
    CheckFailedError,
)
from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.resolver import GetAddrInfo, Resolver
from probes.result import CheckResult
from probes.statuses import status_set
from probes.stopwatch import Phase, Stopwatch
from probes.textsearch import TextSearch
from probes.transport import Hop, LeanTransport

BODY_BYTES_MAX = 4 * 1024 * 1024
CERTIFICATE_LOOK_S_MAX = 2.0

_HEADERS = {"User-Agent": "vigie-probe", "Connection": "close"}

_TIMEOUTS = {
    Phase.DNS: Outcome.DNS_TIMEOUT,
    Phase.CONNECT: Outcome.CONNECT_TIMEOUT,
    Phase.TLS: Outcome.TLS_TIMEOUT,
    Phase.WAIT: Outcome.WAIT_TIMEOUT,
    Phase.TRANSFER: Outcome.TRANSFER_TIMEOUT,
}


def now_us() -> int:
    """Microseconds since the epoch, UTC."""
    return time.time_ns() // 1000


def result_without_check(
    monitor: Monitor, outcome: Outcome, detail: str, *, due_us: int, started_us: int, location: str
) -> CheckResult:
    """What is recorded where no check was made, or one of ours broke: nothing but why."""
    return CheckResult(
        monitor=monitor.id,
        location=location,
        due_us=due_us,
        started_us=started_us,
        outcome=outcome,
        interval_ms=round(monitor.interval_s * 1000),
        timeout_ms=round(monitor.timeout_s * 1000),
        detail=detail,
    )


class Checker:
    """Makes checks, any number at once; holds what they share.

    `getaddrinfo`, `context` and `clock_us` (microseconds since the epoch) are for tests and for
    those who trust another authority. A deadline that fires more than `stall_limit_s` late says
    something of this machine, not of the target, and gives `internal_error`.
    """

    def __init__(
        self,
        *,
        resolver_threads: int = 32,
        body_bytes_max: int = BODY_BYTES_MAX,
        stall_limit_s: float = 1.0,
        context: ssl.SSLContext | None = None,
        getaddrinfo: GetAddrInfo = socket.getaddrinfo,
        clock_us: Callable[[], int] = now_us,
    ) -> None:
        self._resolver = Resolver(resolver_threads, getaddrinfo)
        self._transport = LeanTransport(self._resolver, context or client_context())
        self._unverified = unverified_context()
        self._body_bytes_max = body_bytes_max
        self._stall_limit_s = stall_limit_s
        self._clock_us = clock_us

    async def check(self, monitor: Monitor, *, due_us: int, location: str) -> CheckResult:
        """Check once, now. Whatever the target does is in the result, never an exception."""
        started_us = self._clock_us()
        trial = _Trial(monitor)
        failure = await self._within_deadline(trial)
        watch = trial.hop.watch
        outcome, detail = trial.judge(failure)
        return CheckResult(
            monitor=monitor.id,
            location=location,
            due_us=due_us,
            started_us=started_us,
            outcome=outcome,
            interval_ms=round(monitor.interval_s * 1000),
            timeout_ms=round(monitor.timeout_s * 1000),
            detail=detail,
            status=trial.status,
            address=trial.hop.address,
            dns_ms=watch.phase_ms(Phase.DNS),
            connect_ms=watch.phase_ms(Phase.CONNECT),
            tls_ms=watch.phase_ms(Phase.TLS),
            wait_ms=watch.phase_ms(Phase.WAIT),
            transfer_ms=watch.phase_ms(Phase.TRANSFER),
            total_ms=trial.total_ms,
            body_bytes=trial.body_bytes,
            redirects=trial.redirects,
        )

    async def aclose(self) -> None:
        """Let go of the resolver threads; checks under way must have ended."""
        self._resolver.close()

    async def _within_deadline(self, trial: "_Trial") -> CheckFailedError | None:
        monitor = trial.monitor
        failure: CheckFailedError | None = None
        try:
            async with asyncio.timeout(monitor.timeout_s):
                await self._send(trial)
        except TimeoutError:
            failure = self._timed_out(trial)
        except CheckFailedError as error:
            failure = error
        except (httpx.DecodingError, httpx.RemoteProtocolError, httpx.InvalidURL) as error:
            # An encoding that does not decode; a Location that does not parse.
            failure = CheckFailedError(Outcome.PROTOCOL_ERROR, str(error))
        trial.stop()
        if isinstance(failure, CertificateRefusedError):
            failure = await self._dated(failure, trial)
        return failure

    async def _send(self, trial: "_Trial") -> None:
        monitor = trial.monitor
        # A client a check: cookies live as long as its redirects do, and no longer.
        async with httpx.AsyncClient(
            transport=self._transport, trust_env=False, headers=_HEADERS, timeout=None
        ) as client:
            request: httpx.Request | None = client.build_request(
                monitor.method,
                monitor.url,
                headers=monitor.headers,
                content=monitor.body or None,
                extensions={"hop": trial.hop},
            )
            while request is not None:
                response = await client.send(request, stream=True)
                try:
                    request = trial.answered(response)
                    if request is None:
                        await self._read(trial, response)
                finally:
                    await response.aclose()

    async def _read(self, trial: "_Trial", response: httpx.Response) -> None:
        trial.search = TextSearch(trial.monitor.text, response.charset_encoding)
        async for chunk in response.aiter_bytes():
            trial.search.feed(chunk)
            trial.text_bytes += len(chunk)
            trial.body_bytes = response.num_bytes_downloaded
            if max(trial.text_bytes, trial.body_bytes) > self._body_bytes_max:
                raise CheckFailedError(
                    Outcome.BODY_TOO_LARGE,
                    f"the body goes on beyond {self._body_bytes_max:,} bytes",
                )
        trial.body_bytes = response.num_bytes_downloaded

    def _timed_out(self, trial: "_Trial") -> CheckFailedError:
        watch = trial.hop.watch
        limit = f"{trial.monitor.timeout_s:g} s"
        if watch.phase is None:
            return CheckFailedError(
                Outcome.INTERNAL_ERROR, f"no resolver thread was free within {limit}"
            )
        ours_s = max(watch.elapsed_s() - trial.monitor.timeout_s, watch.excused_s)
        if ours_s > self._stall_limit_s:
            return CheckFailedError(
                Outcome.INTERNAL_ERROR, f"the prober itself was held up for {ours_s:.1f} s"
            )
        return CheckFailedError(_TIMEOUTS[watch.phase], f"{trial.unfinished()} within {limit}")

    async def _dated(self, refused: CertificateRefusedError, trial: "_Trial") -> CheckFailedError:
        """The same failure with the certificate's date in it, when the date is what is wrong.

        A refused handshake gives no certificate, so it takes a second one, within what is left
        of the deadline.
        """
        if refused.verify_code not in (X509_EXPIRED, X509_NOT_YET_VALID):
            return refused
        left_s = trial.monitor.timeout_s - trial.hop.watch.elapsed_s()
        try:
            async with asyncio.timeout(min(left_s, CERTIFICATE_LOOK_S_MAX)):
                begin, end = validity(await self._certificate(trial.hop))
        except (TimeoutError, CheckFailedError, ValueError):
            return refused
        words = (
            f"certificate expired on {end:%Y-%m-%d %H:%M} UTC"
            if refused.verify_code == X509_EXPIRED
            else f"certificate is not valid before {begin:%Y-%m-%d %H:%M} UTC"
        )
        return CheckFailedError(refused.outcome, words)

    async def _certificate(self, hop: Hop) -> bytes:
        connected = await connect([hop.address], hop.port)
        await start_tls(connected, self._unverified, hop.host)
        try:
            secured = connected.transport.get_extra_info("ssl_object")
            return secured.getpeercert(binary_form=True) or b""
        finally:
            connected.transport.abort()


class _Trial:
    """What a check has come to so far."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.hop = Hop(Stopwatch())
        self.expected = status_set(monitor.expected_status)
        self.status: int | None = None
        self.redirects = 0
        self.search: TextSearch | None = None
        self.text_bytes = 0
        self.body_bytes: int | None = None
        self.total_ms = 0.0

    def answered(self, response: httpx.Response) -> httpx.Request | None:
        """Take the answer in: the request to follow it up with, or None when it is the last."""
        self.status = response.status_code
        following = response.next_request
        if following is None or self.status in self.expected or self.monitor.redirects_max == 0:
            return None
        if self.redirects == self.monitor.redirects_max:
            raise CheckFailedError(
                Outcome.REDIRECT_LIMIT,
                f"more than {self.redirects} redirects, the last to {_shown(following.url)}",
            )
        self.redirects += 1
        self.status = None
        return following

    def stop(self) -> None:
        self.hop.watch.end()
        self.total_ms = self.hop.watch.total_ms()

    def judge(self, failure: CheckFailedError | None) -> tuple[Outcome, str]:
        """The outcome, and in plain words what was wrong."""
        limit_ms = self.monitor.latency_max_ms
        redirected = failure is not None and failure.outcome is Outcome.REDIRECT_LIMIT
        if self.status is not None and self.status not in self.expected and not redirected:
            return Outcome.WRONG_STATUS, f"status {self.status}, expected {self.expected}"
        if failure is not None:
            return failure.outcome, self._where() + failure.detail
        if self.search is not None and not self.search.found:
            return (
                Outcome.WRONG_CONTENT,
                f"text {self.monitor.text!r} not in the body's {self.text_bytes:,} bytes",
            )
        if limit_ms is not None and self.total_ms > limit_ms:
            return Outcome.SLOW, f"took {self.total_ms:,.0f} ms, limit {limit_ms:,.0f} ms"
        return Outcome.OK, ""

    def unfinished(self) -> str:
        """What had not been done when the deadline came."""
        hop = self.hop
        match hop.watch.phase:
            case Phase.DNS:
                return f"name {hop.host!r} did not resolve"
            case Phase.CONNECT:
                return f"no connection to port {hop.port} of {hop.address}"
            case Phase.TLS:
                return "TLS handshake not finished"
            case _:
                progress = hop.exchange.progress if hop.exchange else "no answer"
                return progress if progress == "no answer" else f"only {progress}"

    def _where(self) -> str:
        if self.redirects == 0 or not self.hop.host:
            return ""
        hops = "1 redirect" if self.redirects == 1 else f"{self.redirects} redirects"
        return f"after {hops}, at {self.hop.host}: "


def _shown(url: httpx.URL) -> str:
    """A URL as it may be written down: without its password and query."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}{url.path}"
