"""One check under way: what it has come to so far, and what that says of the target."""

from datetime import UTC, datetime

import httpx

from probes.assertions import Answer, failing, needs_body
from probes.certificate import NAMES_MAX, Certificate, read_certificate
from probes.failure import CheckFailedError
from probes.hop import Hop
from probes.lookup import LOOKED_AT_BYTES_MAX, decoded
from probes.monitor import Monitor, request_of
from probes.outcome import Outcome, Verdict
from probes.request import RequestStep
from probes.secrets import Mask, authorization, hide_known, read_secret
from probes.sequence import extracted, filled, step_name
from probes.statuses import status_set
from probes.stopwatch import Phase, Stopwatch
from probes.textsearch import TextSearch

BODY_PART_BYTES_MAX = 2_048
HOPS_MAX = 50
DETAIL_CHARACTERS_MAX = 1_000

_NOWHERE = httpx.URL()
_NO_HEADERS = httpx.Headers()
_OF_REDIRECTS = frozenset({Outcome.REDIRECT_LIMIT, Outcome.REDIRECT_REFUSED})


class Trial:
    """Follows the requests of one check and judges their answers.

    Raises CheckFailedError where the check cannot go on. `now_us` is when it began, for the days a
    certificate has left.
    """

    def __init__(self, monitor: Monitor, now_us: int) -> None:
        self.monitor = monitor
        self.now_us = now_us
        self.steps = monitor.steps or (request_of(monitor),)
        self.hop = Hop(Stopwatch())
        self.hop.family = monitor.address_family
        self.hop.guarded = monitor.guarded
        self.hops: list[tuple[str, float]] = []
        self.asking = _NOWHERE
        """The URL of the request under way."""
        self.http_version = ""
        self.redirects = 0
        self.total_ms = 0.0
        self.failed_step = ""
        self.refused = ""
        """Why the certificate was refused."""
        self._variables: dict[str, str] = {}
        self._secrets: dict[int, str] = {}
        self._degraded: tuple[Outcome, str, str] | None = None
        """The first step that was good in all but time or certificate: outcome, detail, name."""
        self._begin(0, 0.0)

    def _begin(self, number: int, now_ms: float) -> None:
        self.number = number
        self.step: RequestStep = self.steps[number]
        self.expected = status_set(self.step.expected_status)
        self._step_redirects = 0
        self._step_began_ms = now_ms
        self._forget()

    def _forget(self) -> None:
        """What is known of the answer before is of no use any more."""
        self.status: int | None = None
        self.headers = _NO_HEADERS
        self.search: TextSearch | None = None
        self.head = bytearray()
        self.body = bytearray()
        self.charset: str | None = None
        self.text_bytes = 0
        self.body_bytes: int | None = None

    # before

    def read_secrets(self) -> None:
        """All of them, before anything is asked."""
        for number, step in enumerate(self.steps):
            if step.auth is not None:
                self._secrets[number] = read_secret(step.auth)

    def begin(self, number: int) -> tuple[RequestStep, str]:
        """Take up a step: its request with the variables filled in, and its Authorization."""
        self._begin(number, self.hop.watch.total_ms())
        auth = self.step.auth
        said = "" if auth is None else authorization(auth, self._secrets[number])
        return filled(self.step, self._variables), said

    # meanwhile

    def answered(self, response: httpx.Response) -> httpx.Request | None:
        """Take the answer in: the request to follow it up with, or None when it is the last."""
        self.status = response.status_code
        self.headers = response.headers
        self.http_version = response.http_version
        following = response.next_request
        monitor = self.monitor
        if following is None or self.status in self.expected:
            return None
        if monitor.redirects == "refuse":
            raise CheckFailedError(
                Outcome.REDIRECT_REFUSED,
                f"status {self.status} leads to {shown(following.url)}",
            )
        if monitor.redirects_max == 0:
            return None
        if self._step_redirects == monitor.redirects_max:
            raise CheckFailedError(
                Outcome.REDIRECT_LIMIT,
                f"more than {self._step_redirects} redirects, the last to {shown(following.url)}",
            )
        self.redirects += 1
        self._step_redirects += 1
        self.took(shown(self.asking))
        self._forget()
        return following

    def reads(self, response: httpx.Response) -> None:
        """The body of the last answer begins."""
        self.charset = response.charset_encoding
        self.search = TextSearch(self.monitor.text, self.charset)
        self.keeps_body = needs_body(self.step.assertions) or any(
            extraction.kind != "header" for extraction in self.step.extract
        )

    def read(self, chunk: bytes) -> None:
        if self.search is not None:
            self.search.feed(chunk)
        self.text_bytes += len(chunk)
        if len(self.head) < BODY_PART_BYTES_MAX:
            self.head += chunk[: BODY_PART_BYTES_MAX - len(self.head)]
        if self.keeps_body and len(self.body) < LOOKED_AT_BYTES_MAX:
            self.body += chunk[: LOOKED_AT_BYTES_MAX - len(self.body)]

    def took(self, name: str) -> None:
        """Note the request that has just ended, as one of several."""
        if len(self.hops) < HOPS_MAX:
            before_ms = sum(total_ms for _, total_ms in self.hops)
            self.hops.append((name, max(0.0, self.hop.watch.total_ms() - before_ms)))

    def passed(self) -> bool:
        """Whether the step that has just ended was good enough to go on with the next."""
        self.total_ms = self.hop.watch.total_ms()
        if self._several():
            self.took(step_name(self.steps, self.number))
        outcome, detail = self._judge_step()
        if outcome.verdict is Verdict.BAD:
            return False
        if outcome is not Outcome.OK and self._degraded is None:
            name = step_name(self.steps, self.number)
            self._degraded = outcome, f"{name}: {detail}", name
        if self.step.extract:
            self._variables.update(extracted(self.step, self._answer()))
        return True

    # after

    def stop(self) -> None:
        self.hop.watch.end()
        self.total_ms = self.hop.watch.total_ms()
        if self.redirects and not self._several():
            self.took(shown(self.asking))

    def judge(self, failure: CheckFailedError | None) -> tuple[Outcome, str]:
        """The outcome, and in plain words what was wrong."""
        outcome, detail = self._judge(failure)
        if outcome is Outcome.OK and self._degraded is not None:
            outcome, detail, self.failed_step = self._degraded
        elif outcome is not Outcome.OK and self._several():
            self.failed_step = step_name(self.steps, self.number)
            detail = f"{self.failed_step}: {detail}"
        limit_ms = self.monitor.latency_max_ms
        if outcome is Outcome.OK and limit_ms is not None and self.total_ms > limit_ms:
            return Outcome.SLOW, f"took {self.total_ms:,.0f} ms, limit {limit_ms:,.0f} ms"
        return outcome, self.mask().text(detail)[:DETAIL_CHARACTERS_MAX] if detail else ""

    def mask(self) -> Mask:
        """What hides the secrets that this check used."""
        mask = Mask()
        for number, step in enumerate(self.steps):
            hide_known(mask, step, self._secrets.get(number, ""))
        if self.monitor.proxy:
            mask.hide(httpx.URL(self.monitor.proxy).password)
        for name, value in self._variables.items():
            if len(value) >= 8:
                mask.hide(value, f"{{{{{name}}}}}")
        return mask

    def body_part(self) -> str:
        """The first part of the body as text, without secrets."""
        text = decoded(bytes(self.head), self.charset)
        printable = "".join(each for each in text if each.isprintable() or each in "\n\t")
        return self.mask().part(printable.rstrip("\ufffd"))

    def shown_hops(self) -> tuple[tuple[str, float], ...]:
        """The requests of a check that made several, without secrets."""
        if not self.hops:
            return ()
        mask = self.mask()
        return tuple((mask.text(name), total_ms) for name, total_ms in self.hops)

    def certificate_expires_us(self) -> int | None:
        certificate = self.certificate()
        return None if certificate is None else round(certificate.expires.timestamp() * 1e6)

    def certificate(self) -> Certificate | None:
        """What the server of the last request showed; None without TLS."""
        if not self.hop.certificate:
            return None
        try:
            return read_certificate(self.hop.certificate)
        except ValueError:
            return None

    def certificate_problem(self) -> str:
        certificate = self.certificate()
        if self.refused or certificate is None or self.monitor.verify_tls:
            return self.refused
        now = datetime.fromtimestamp(self.now_us / 1e6, UTC)
        return certificate.problem(self.hop.host, now)

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
                progress = hop.progress()
                return progress if progress == "no answer" else f"only {progress}"

    def _judge(self, failure: CheckFailedError | None) -> tuple[Outcome, str]:
        redirected = failure is not None and failure.outcome in _OF_REDIRECTS
        if self.status is not None and self.status not in self.expected and not redirected:
            return Outcome.WRONG_STATUS, f"status {self.status}, expected {self.expected}"
        if failure is not None:
            return failure.outcome, self._where() + failure.detail
        return self._judge_step()

    def _judge_step(self) -> tuple[Outcome, str]:
        if self.status is None or self.status not in self.expected:
            return Outcome.WRONG_STATUS, f"status {self.status}, expected {self.expected}"
        if self.search is not None and not self.search.found:
            return (
                Outcome.WRONG_CONTENT,
                f"text {self.monitor.text!r} not in the body's {self.text_bytes:,} bytes",
            )
        if not self.step.assertions:
            return Outcome.OK, ""
        found = failing(self.step.assertions, self._answer())
        if not found:
            return Outcome.OK, ""
        bad = [each for each in found if each.outcome.verdict is Verdict.BAD]
        return (bad or found)[0].outcome, "; ".join(each.words for each in found)

    def _answer(self) -> Answer:
        watch = self.hop.watch
        expires_us = self.certificate_expires_us()
        phases: dict[str, float | None] = {phase: watch.phase_ms(phase) for phase in Phase}
        return Answer(
            status=self.status or 0,
            headers=self.headers,
            body=bytes(self.body),
            charset=self.charset,
            body_bytes=self.body_bytes or 0,
            phases_ms={**phases, "": self.total_ms - self._step_began_ms},
            conceal=lambda text: self.mask().part(text),
            certificate_left_us=None if expires_us is None else expires_us - self.now_us,
        )

    def _several(self) -> bool:
        return bool(self.monitor.steps)

    def _where(self) -> str:
        if self._step_redirects == 0 or not self.hop.host:
            return ""
        hops = "1 redirect" if self._step_redirects == 1 else f"{self._step_redirects} redirects"
        return f"after {hops}, at {self.hop.host}: "


def shown(url: httpx.URL) -> str:
    """A URL as it may be written down: without its password and query."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}{url.path}"


def shown_names(certificate: Certificate | None) -> tuple[str, ...]:
    """The first few names of a certificate."""
    return () if certificate is None else certificate.names[:NAMES_MAX]
