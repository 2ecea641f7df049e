"""What a prober writes down: results of checks, and the definitions they were made under."""

from msgspec import Struct

from probes.monitor import Monitor
from probes.outcome import Outcome


class CheckResult(Struct, frozen=True, kw_only=True, array_like=True, tag="check"):
    """One try and what came of it.

    Times ending in `_us` are microseconds since the epoch, UTC; durations end in `_ms`. A phase
    that did not happen is None, never 0. After redirects the phases are those of the last hop and
    `total_ms` covers all of them. `detail` says in plain words what was wrong, with the actual
    value; it is empty for a good result.
    """

    monitor: str
    location: str
    due_us: int
    started_us: int
    outcome: Outcome
    interval_ms: int
    timeout_ms: int
    detail: str = ""
    status: int | None = None
    address: str = ""
    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    wait_ms: float | None = None
    transfer_ms: float | None = None
    total_ms: float | None = None
    body_bytes: int | None = None
    """As received, before unpacking."""
    redirects: int = 0
    generated: bool = False
    failed_step: str = ""
    """Of a check with several steps: the name of the one that failed."""
    body_part: str = ""
    """The first part of a body that was not good, secrets masked."""
    http_version: str = ""
    certificate_expires_us: int | None = None
    certificate_issuer: str = ""
    certificate_names: tuple[str, ...] = ()
    """The first few of the names it stands for."""
    certificate_problem: str = ""
    """Why it was not trusted; empty when it was, or when none was shown."""
    hops: tuple[tuple[str, float], ...] = ()
    """Requests before the last, redirects and steps: what was asked, and its milliseconds."""
    clock_shift_ms: float | None = None
    """Added to its times, because the clock of its location was found to be wrong by so much."""

    @property
    def lag_ms(self) -> float:
        return (self.started_us - self.due_us) / 1000


class MonitorDefinition(Struct, frozen=True, kw_only=True, array_like=True, tag="monitor"):
    """A monitor as the prober took it up at `from_us`; written at start and at each change.

    `removed` ends the monitor's time: nothing should be observed after `from_us`.
    """

    monitor: Monitor
    from_us: int
    location: str
    removed: bool = False
    generated: bool = False
