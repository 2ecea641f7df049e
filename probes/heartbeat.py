"""What heartbeat monitors hear: the calls of jobs, and when somebody was there to take them."""

from enum import StrEnum

from msgspec import Struct


class Call(StrEnum):
    """What a job says when it calls."""

    DONE = "done"
    FAILED = "failed"
    STARTED = "started"


class Ping(Struct, frozen=True, kw_only=True, array_like=True, tag="ping"):
    """A job called."""

    monitor: str
    call: Call
    received_us: int


class Presence(Struct, frozen=True, kw_only=True, array_like=True, tag="presence"):
    """The collector `process` could take calls from `since_us` until `until_us` at least.

    Written again and again with the same `since_us` while it runs: where nobody was present, a
    call that is missing may have been made all the same.
    """

    process: str
    since_us: int
    until_us: int
