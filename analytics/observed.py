"""What was observed of a monitor at one location: runs of equal results, and the rules they are
judged by."""

from msgspec import Struct

from probes.outcome import Verdict


class Run(Struct, frozen=True, kw_only=True):
    """Results of one verdict in a row, none further from the last than `grace_us`.

    `verdict` is good, degraded or bad: a result that says nothing of its target is in no run.
    Times are due times in microseconds since the epoch. Two runs of one verdict may follow each
    other.
    """

    verdict: Verdict
    first_us: int
    last_us: int
    count: int
    interval_us: int
    timeout_us: int
    outcome: str = ""
    detail: str = ""

    @property
    def grace_us(self) -> int:
        """How long after the last result nothing need be heard: two intervals and the timeout."""
        return 2 * self.interval_us + self.timeout_us

    def nth_us(self, number: int) -> int:
        """When the `number`th (from 1) result of the run was due, had they come evenly."""
        if self.count == 1:
            return self.first_us
        return self.first_us + (self.last_us - self.first_us) * (number - 1) // (self.count - 1)


class Version(Struct, frozen=True, kw_only=True):
    """A monitor's rules from `from_us` on, until the next version."""

    from_us: int
    interval_us: int
    timeout_us: int
    confirm_after: int
    recover_after: int
    quorum: int = 0
    """Locations that must agree; 0: a majority of those that report."""
    paused: bool = False
    removed: bool = False

    @property
    def grace_us(self) -> int:
        return 2 * self.interval_us + self.timeout_us
