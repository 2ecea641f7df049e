"""What a prober elsewhere and the collector say to each other, and in which headers."""

from itertools import pairwise

from msgspec import Struct

from probes.delivery import Delivery
from probes.monitor import Monitor

MONITORS_PATH = "/probes/v1/monitors"
RESULTS_PATH = "/probes/v1/results"
DELIVERY_BYTES_MAX = 1024 * 1024
RECORDS_MAX = 5_000
RECEIVED_HEADER = "vigie-received-us"
"""When the request had come, by the collector's clock: with the next, what NTP calls T2 and T3."""
SENT_HEADER = "vigie-sent-us"
"""When the answer went."""


class MonitorsAnswer(Struct, frozen=True, kw_only=True):
    """What is to be checked from a location. Secrets stand in it by name only."""

    location: str
    monitors: tuple[Monitor, ...]


class Taken(Struct, frozen=True):
    """How many records of a delivery are durable now: all of them."""

    taken: int


def delivery_problem(delivery: Delivery, location: str) -> str:
    """What is wrong with a delivery from `location`, in plain words; "" when nothing is."""
    positions = delivery.positions
    if delivery.location != location:
        return f"the token is of {location!r}, the delivery of {delivery.location!r}"
    if not 0 < len(delivery.records) <= RECORDS_MAX:
        return f"a delivery holds 1 to {RECORDS_MAX} records, not {len(delivery.records)}"
    if len(positions) != len(delivery.records):
        return "there must be a position for each record"
    if not 0 < len(delivery.spool) <= 200:
        return "the spool's name must have 1 to 200 characters"
    if any(after <= before for before, after in pairwise((delivery.start, *positions))):
        return "positions must ascend from the start"
    if delivery.start < 0 or positions[-1] >= 2**63:
        return "positions must be bytes of a file"
    for record in delivery.records:
        if record.location != location:
            return f"a record is of location {record.location!r}, not {location!r}"
    return ""
