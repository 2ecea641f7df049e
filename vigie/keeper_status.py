"""How the keeper is doing: its loading and each of its jobs; the console shows it."""

from datetime import datetime

from msgspec import Struct

from vigie.waits import Waits


class JobStatus(Struct, frozen=True, kw_only=True):
    """One line of the table of jobs. Times are UTC; `last_error` is "" after a good run."""

    name: str
    description: str
    period_s: float
    last_start: datetime | None = None
    last_end: datetime | None = None
    last_duration_s: float | None = None
    last_result: str = ""
    """What the last good run did, in words: "sealed 1 day"."""
    last_error: str = ""
    last_error_at: datetime | None = None
    runs: int = 0
    errors: int = 0


class KeeperStatus(Struct, frozen=True, kw_only=True):
    """Counts are since the console process started.

    `backlog_bytes` of the journal were not yet loaded after the last load. `load_failures` counts
    frames that could not be used; the store lists them.
    """

    running: bool
    started: datetime | None = None
    last_load: datetime | None = None
    """The end of the last load that went well, whether it found anything or not."""
    backlog_bytes: int = 0
    batches: int = 0
    events: int = 0
    checks: int = 0
    refusals: int = 0
    repeats: int = 0
    load_failures: int = 0
    load_errors: int = 0
    last_error: str = ""
    """Of loading; "" again after a good load."""
    last_error_at: datetime | None = None
    waits: Waits = Waits()
    """From a beacon's arrival to its rows in the store."""
    jobs: tuple[JobStatus, ...] = ()
