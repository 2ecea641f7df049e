"""What a prober elsewhere sends home: its records, with where they stood in its spool."""

from msgspec import Struct

from probes.result import CheckResult, MonitorDefinition


class Delivery(Struct, frozen=True, kw_only=True, array_like=True, tag="delivery"):
    """Records of one segment of a location's spool, in its order.

    `positions` says for each the byte of the segment where its frame ends, ascending from `start`,
    where the first one begins: with `spool`, which names the segment for all time, that is its
    identity. A sender that does not know whether a
    delivery arrived sends it again, perhaps cut differently, and whoever stores it drops what it
    has. `clock_offset_us` is how far the location's clock was behind the receiver's, and
    `clock_error_us` how wrong that may be; None where it was not measured. Records carry the
    location's own times; `received_us` is the receiver's.
    """

    location: str
    spool: str
    start: int
    positions: tuple[int, ...]
    records: tuple[CheckResult | MonitorDefinition, ...]
    clock_offset_us: int | None = None
    clock_error_us: int = 0
    received_us: int = 0
