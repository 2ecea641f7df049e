"""One check of one monitor: request, redirects, assertions, under one deadline."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable

import httpx

from probes.clients import Clients
from probes.contexts import Contexts
from probes.dial import client_context, connect, start_tls, unverified_context
from probes.exchange import Exchange
from probes.failure import (
    X509_EXPIRED,
    X509_NOT_YET_VALID,
    CertificateRefusedError,
    CheckFailedError,
)
from probes.hop import Hop
from probes.monitor import Monitor
from probes.outcome import Outcome, Verdict
from probes.request import build
from probes.resolver import GetAddrInfo, Resolver
from probes.result import CheckResult
from probes.stopwatch import Phase
from probes.trial import Trial, shown_names

BODY_BYTES_MAX = 4 * 1024 * 1024
CERTIFICATE_LOOK_S_MAX = 2.0


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

    `getaddrinfo`, `context`, `make_context` and `clock_us` (microseconds since the epoch) are for
    tests and for those who trust another authority. A deadline that fires more than
    `stall_limit_s` late says something of this machine, not of the target, and gives
    `internal_error`.
    """

    def __init__(
        self,
        *,
        resolver_threads: int = 32,
        body_bytes_max: int = BODY_BYTES_MAX,
        stall_limit_s: float = 1.0,
        context: ssl.SSLContext | None = None,
        make_context: Callable[[], ssl.SSLContext] = client_context,
        getaddrinfo: GetAddrInfo = socket.getaddrinfo,
        clock_us: Callable[[], int] = now_us,
    ) -> None:
        self._resolver = Resolver(resolver_threads, getaddrinfo)
        self._clients = Clients(self._resolver)
        self._contexts = Contexts(context, make_context)
        self._unverified = unverified_context()
        self._body_bytes_max = body_bytes_max
        self._stall_limit_s = stall_limit_s
        self._clock_us = clock_us

    async def check(self, monitor: Monitor, *, due_us: int, location: str) -> CheckResult:
        """Check once, now. Whatever the target does is in the result, never an exception."""
        started_us = self._clock_us()
        trial = Trial(monitor, started_us)
        failure = await self._within_deadline(trial)
        watch = trial.hop.watch
        outcome, detail = trial.judge(failure)
        certificate = trial.certificate()
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
            failed_step=trial.failed_step,
            body_part=trial.body_part() if outcome.verdict is Verdict.BAD and trial.head else "",
            http_version=trial.http_version,
            certificate_expires_us=trial.certificate_expires_us(),
            certificate_issuer=certificate.issuer if certificate else "",
            certificate_names=shown_names(certificate),
            certificate_problem=trial.certificate_problem(),
            hops=trial.shown_hops(),
        )

    async def aclose(self) -> None:
        """Let go of the resolver threads; checks under way must have ended."""
        self._resolver.close()

    async def _within_deadline(self, trial: Trial) -> CheckFailedError | None:
        failure: CheckFailedError | None = None
        try:
            async with asyncio.timeout(trial.monitor.timeout_s):
                await self._send(trial)
        except TimeoutError:
            failure = self._timed_out(trial)
        except CheckFailedError as error:
            failure = error
        except (httpx.DecodingError, httpx.RemoteProtocolError, httpx.InvalidURL) as error:
            # An encoding that does not decode; a Location, or a URL with what was extracted in it,
            # that does not parse.
            failure = CheckFailedError(Outcome.PROTOCOL_ERROR, str(error))
        trial.stop()
        if isinstance(failure, CertificateRefusedError):
            failure = await self._looked_at(failure, trial)
            trial.refused = failure.detail
        return failure

    async def _send(self, trial: Trial) -> None:
        trial.read_secrets()
        trial.hop.context = self._contexts.of(trial.monitor)
        async with self._clients.of(trial.monitor) as client:
            for number in range(len(trial.steps)):
                step, authorization = trial.begin(number)
                request: httpx.Request | None = build(client, step, authorization, trial.hop)
                while request is not None:
                    trial.asking = request.url
                    response = await client.send(request, stream=True)
                    try:
                        request = trial.answered(response)
                        if request is None:
                            await self._read(trial, response)
                    finally:
                        await response.aclose()
                if trial.monitor.steps and not trial.passed():
                    return

    async def _read(self, trial: Trial, response: httpx.Response) -> None:
        trial.reads(response)
        async for chunk in response.aiter_bytes():
            trial.read(chunk)
            trial.body_bytes = response.num_bytes_downloaded
            if max(trial.text_bytes, trial.body_bytes) > self._body_bytes_max:
                raise CheckFailedError(
                    Outcome.BODY_TOO_LARGE,
                    f"the body goes on beyond {self._body_bytes_max:,} bytes",
                )
        trial.body_bytes = response.num_bytes_downloaded

    def _timed_out(self, trial: Trial) -> CheckFailedError:
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

    async def _looked_at(self, refused: CertificateRefusedError, trial: Trial) -> CheckFailedError:
        """The same failure with the certificate's date in it, when the date is what is wrong.

        A refused handshake gives no certificate, so it takes a second one, within what is left
        of the deadline. Through a proxy there is none.
        """
        if trial.monitor.proxy:
            return refused
        left_s = trial.monitor.timeout_s - trial.hop.watch.elapsed_s()
        try:
            async with asyncio.timeout(min(left_s, CERTIFICATE_LOOK_S_MAX)):
                trial.hop.certificate = await self._certificate(trial.hop)
        except (TimeoutError, CheckFailedError):
            return refused
        certificate = trial.certificate()
        if certificate is None or refused.verify_code not in (X509_EXPIRED, X509_NOT_YET_VALID):
            return refused
        words = (
            f"certificate expired on {certificate.expires:%Y-%m-%d %H:%M} UTC"
            if refused.verify_code == X509_EXPIRED
            else f"certificate is not valid before {certificate.begins:%Y-%m-%d %H:%M} UTC"
        )
        return CheckFailedError(refused.outcome, words)

    async def _certificate(self, hop: Hop) -> bytes:
        connected = await connect([hop.address], hop.port, Exchange)
        await start_tls(connected, self._unverified, hop.host)
        try:
            return connected.certificate()
        finally:
            connected.transport.abort()
