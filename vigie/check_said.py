"""One result of `vigie check`, for programs and for people."""

from datetime import UTC, datetime
from typing import Self

import httpx
from msgspec import Struct
from rich.table import Table
from rich.text import Text

from probes.monitor import Monitor
from probes.outcome import Verdict
from probes.result import CheckResult

BAR_CHARACTERS = 40
_WORDS = {
    Verdict.GOOD: ("good", "bold green"),
    Verdict.DEGRADED: ("slow", "bold yellow"),
    Verdict.BAD: ("bad", "bold red"),
    Verdict.UNKNOWN: ("unknown", "bold magenta"),
}


class CheckSaid(Struct, frozen=True, kw_only=True):
    """What `vigie check --json` prints. A phase that did not happen is null.

    `verdict` is good, degraded, bad or unknown; the target is up when it is one of the first two.
    After redirects the phases are those of the last hop, `total_ms` of all.
    """

    monitor: str
    url: str
    verdict: Verdict
    outcome: str
    detail: str
    status: int | None
    address: str
    redirects: int
    body_bytes: int | None
    dns_ms: float | None
    connect_ms: float | None
    tls_ms: float | None
    wait_ms: float | None
    transfer_ms: float | None
    total_ms: float | None
    http_version: str
    hops: tuple[tuple[str, float], ...]
    """Redirects and steps, each with its milliseconds; none for a single request."""
    failed_step: str
    body_part: str
    """The first part of a body that was not good, secrets masked."""
    certificate_expires: datetime | None
    certificate_issuer: str
    certificate_names: tuple[str, ...]
    certificate_problem: str

    @classmethod
    def of(cls, monitor: Monitor, result: CheckResult) -> Self:
        return cls(
            monitor=monitor.id,
            url=_shown_url(monitor),
            verdict=result.outcome.verdict,
            outcome=result.outcome.value,
            detail=result.detail,
            status=result.status,
            address=result.address,
            redirects=result.redirects,
            body_bytes=result.body_bytes,
            dns_ms=_rounded(result.dns_ms),
            connect_ms=_rounded(result.connect_ms),
            tls_ms=_rounded(result.tls_ms),
            wait_ms=_rounded(result.wait_ms),
            transfer_ms=_rounded(result.transfer_ms),
            total_ms=_rounded(result.total_ms),
            http_version=result.http_version,
            hops=tuple((name, round(total_ms, 3)) for name, total_ms in result.hops),
            failed_step=result.failed_step,
            body_part=result.body_part,
            certificate_expires=None
            if result.certificate_expires_us is None
            else datetime.fromtimestamp(result.certificate_expires_us / 1e6, UTC),
            certificate_issuer=result.certificate_issuer,
            certificate_names=result.certificate_names,
            certificate_problem=result.certificate_problem,
        )

    @property
    def up(self) -> bool:
        return self.verdict in (Verdict.GOOD, Verdict.DEGRADED)

    def headline(self) -> Text:
        """ "good  https://... answered 200 in 34.0 ms (127.0.0.1)" """
        word, style = _WORDS[self.verdict]
        text = Text.assemble((word, style), "  ", self.url)
        if self.verdict is Verdict.GOOD:
            text.append(f" answered {self.status}")
        else:
            text.append(f": {self.outcome.replace('_', ' ')}")
        if self.detail:
            text.append(f": {self.detail}")
        if self.total_ms is not None:
            text.append(f" in {self.total_ms:,.1f} ms")
        if self.address:
            text.append(f" ({self.address})")
        if self.redirects:
            text.append(f", {self.redirects} redirect{'' if self.redirects == 1 else 's'} followed")
        return text

    def table(self) -> Table:
        """Phase, milliseconds and a bar that begins where the phase before ended."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("phase")
        table.add_column("ms", justify="right")
        table.add_column("")
        phases = self._phases()
        whole = sum(ms for _, ms in phases if ms is not None)
        begun = 0.0
        for name, ms in phases:
            bar = _bar(begun, ms, whole) if ms is not None else Text("did not happen", style="dim")
            table.add_row(name, "-" if ms is None else f"{ms:,.1f}", bar)
            begun += ms or 0.0
        total = "-" if self.total_ms is None else f"{self.total_ms:,.1f}"
        table.add_row("total", total, "", style="bold")
        return table

    def more(self) -> list[Text]:
        """What else there is to say, a line each: hops, the certificate, the failing body."""
        lines = [Text.assemble((f"{ms:>10,.1f} ms  ", ""), name) for name, ms in self.hops]
        if self.certificate_expires is not None:
            line = Text(f"certificate until {self.certificate_expires:%Y-%m-%d %H:%M} UTC")
            line.append(f", issued by {self.certificate_issuer}" if self.certificate_issuer else "")
            line.append(f": {self.certificate_problem}" if self.certificate_problem else "")
            lines.append(line)
        if self.body_part:
            lines += [Text("the body begins:", style="dim"), Text(self.body_part)]
        return lines

    def _phases(self) -> tuple[tuple[str, float | None], ...]:
        return (
            ("DNS", self.dns_ms),
            ("connect", self.connect_ms),
            ("TLS", self.tls_ms),
            ("wait", self.wait_ms),
            ("transfer", self.transfer_ms),
        )


def _shown_url(monitor: Monitor) -> str:
    """What is asked, first of all; without a password."""
    url = monitor.url or (monitor.steps[0].url if monitor.steps else "")
    if "@" not in url:
        return url
    return str(httpx.URL(url).copy_with(userinfo=b""))


def _rounded(ms: float | None) -> float | None:
    """To the microsecond, which is what a clock can tell."""
    return None if ms is None else round(ms, 3)


def _bar(begun_ms: float, ms: float, whole_ms: float) -> Text:
    if whole_ms <= 0:
        return Text("")
    before = round(begun_ms / whole_ms * BAR_CHARACTERS)
    length = max(1, round((begun_ms + ms) / whole_ms * BAR_CHARACTERS) - before)
    return Text(" " * min(before, BAR_CHARACTERS - 1) + "█" * length, style="cyan")
