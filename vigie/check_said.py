"""One result of `vigie check`, for programs and for people."""

from typing import Self

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

    @classmethod
    def of(cls, monitor: Monitor, result: CheckResult) -> Self:
        return cls(
            monitor=monitor.id,
            url=monitor.url,
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

    def _phases(self) -> tuple[tuple[str, float | None], ...]:
        return (
            ("DNS", self.dns_ms),
            ("connect", self.connect_ms),
            ("TLS", self.tls_ms),
            ("wait", self.wait_ms),
            ("transfer", self.transfer_ms),
        )


def _rounded(ms: float | None) -> float | None:
    """To the microsecond, which is what a clock can tell."""
    return None if ms is None else round(ms, 3)


def _bar(begun_ms: float, ms: float, whole_ms: float) -> Text:
    if whole_ms <= 0:
        return Text("")
    before = round(begun_ms / whole_ms * BAR_CHARACTERS)
    length = max(1, round((begun_ms + ms) / whole_ms * BAR_CHARACTERS) - before)
    return Text(" " * min(before, BAR_CHARACTERS - 1) + "█" * length, style="cyan")
