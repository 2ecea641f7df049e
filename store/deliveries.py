"""Deliveries of probers elsewhere, each record of their spools exactly once.

A delivery that was journaled but whose answer was lost is sent again, and may be cut differently;
with several collectors the copies lie in journals that are read in any order. So neither a mark of
the furthest byte nor the identity of a delivery would do: kept is which stretches of bytes of each
segment are stored, changed in the transaction that stores them. A record's own key (monitor,
location, due) would not do either, since its times are shifted by a clock measured anew each time.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
from msgspec import Struct, field
from msgspec.structs import replace

from probes.delivery import Delivery
from probes.result import CheckResult, MonitorDefinition
from store.journal_round import Placed
from store.rows import insert
from store.times import naive

SHIFT_MIN_US = 1_000_000
"""A clock that is off by less is left alone: measuring it is no better over a slow link."""

Key = tuple[str, str]
"""Location and spool segment."""
Stretch = tuple[int, int]
"""From (not included) and to (included): bytes of a spool segment at which stored records end."""


class Kept(Struct):
    """What is stored of one spool segment."""

    stretches: list[Stretch] = field(default_factory=list)
    last_result_us: int = 0
    received_us: int = 0
    clock_offset_us: int | None = None


class Unpacked(Struct):
    """The records of deliveries that are not stored yet, and how their segments stand then."""

    checks: list[Placed[CheckResult]] = field(default_factory=list)
    definitions: list[Placed[MonitorDefinition]] = field(default_factory=list)
    changed: dict[Key, Kept] = field(default_factory=dict)
    repeats: int = 0


class Deliveries:
    """What is stored of every location's spool, as the table says. For one thread."""

    def __init__(self) -> None:
        self._kept: dict[Key, Kept] = {}

    def rebuild(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Know exactly what the `deliveries` table says."""
        self._kept.clear()
        for row in cursor.execute(
            "SELECT location, spool, from_byte, to_byte, epoch_us(last_result),"
            " epoch_us(received), clock_offset_us FROM deliveries ORDER BY ALL"
        ).fetchall():
            kept = self._kept.setdefault((row[0], row[1]), Kept())
            kept.stretches.append((row[2], row[3]))
            kept.last_result_us = max(kept.last_result_us, row[4] or 0)
            kept.received_us = max(kept.received_us, row[5])
            kept.clock_offset_us = row[6]

    def unpack(self, placed: Sequence[Placed[Delivery]]) -> Unpacked:
        """What of these deliveries is new; nothing is taken as stored before `add`."""
        unpacked = Unpacked()
        for each in placed:
            delivery = each.record
            key = (delivery.location, delivery.spool)
            kept = unpacked.changed.get(key) or self._copy(key)
            unpacked.changed[key] = kept
            shift_us = clock_shift_us(delivery)
            for position, record in zip(delivery.positions, delivery.records, strict=False):
                if any(start < position <= end for start, end in kept.stretches):
                    unpacked.repeats += 1
                    continue
                shifted = _shifted(record, shift_us)
                if isinstance(shifted, CheckResult):
                    kept.last_result_us = max(kept.last_result_us, shifted.due_us)
                    unpacked.checks.append(Placed(shifted, each.segment, each.position))
                else:
                    unpacked.definitions.append(Placed(shifted, each.segment, each.position))
            if delivery.positions:
                delivered = (delivery.start, delivery.positions[-1])
                kept.stretches = joined([*kept.stretches, delivered])
            kept.received_us = max(kept.received_us, delivery.received_us)
            kept.clock_offset_us = delivery.clock_offset_us
        return unpacked

    def add(self, unpacked: Unpacked) -> None:
        """Take it as stored; only after its transaction was committed."""
        self._kept.update(unpacked.changed)

    def _copy(self, key: Key) -> Kept:
        kept = self._kept.get(key, Kept())
        return replace(kept, stretches=list(kept.stretches))


def clock_shift_us(delivery: Delivery) -> int:
    """What to add to the times of its records: the offset measured, where it is beyond doubt."""
    offset_us = delivery.clock_offset_us
    if offset_us is None or abs(offset_us) <= max(SHIFT_MIN_US, delivery.clock_error_us):
        return 0
    return offset_us


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same bytes in order, as few stretches as can be."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def store_deliveries(cursor: duckdb.DuckDBPyConnection, changed: dict[Key, Kept]) -> None:
    """Replace the rows of the changed segments. Raises duckdb.Error."""
    if not changed:
        return
    for location, spool in changed:
        cursor.execute(
            "DELETE FROM deliveries WHERE location = $location AND spool = $spool",
            {"location": location, "spool": spool},
        )
    rows = [(key, stretch, kept) for key, kept in changed.items() for stretch in kept.stretches]
    insert(
        cursor,
        "deliveries",
        pa.table(
            {
                "location": pa.array([key[0] for key, _, _ in rows], pa.string()),
                "spool": pa.array([key[1] for key, _, _ in rows], pa.string()),
                "from_byte": pa.array([stretch[0] for _, stretch, _ in rows], pa.uint64()),
                "to_byte": pa.array([stretch[1] for _, stretch, _ in rows], pa.uint64()),
                "last_result": pa.array(
                    [_time(kept.last_result_us) for _, _, kept in rows], pa.timestamp("us")
                ),
                "received": pa.array(
                    [_time(kept.received_us) for _, _, kept in rows], pa.timestamp("us")
                ),
                "clock_offset_us": pa.array(
                    [kept.clock_offset_us for _, _, kept in rows], pa.int64()
                ),
            }
        ),
    )


def _shifted(
    record: CheckResult | MonitorDefinition, shift_us: int
) -> CheckResult | MonitorDefinition:
    if not shift_us:
        return record
    if isinstance(record, MonitorDefinition):
        return replace(record, from_us=record.from_us + shift_us)
    return replace(
        record,
        due_us=record.due_us + shift_us,
        started_us=record.started_us + shift_us,
        clock_shift_ms=shift_us / 1000,
    )


def _time(us: int) -> datetime | None:
    """Naive UTC, as the table has it; None for 0."""
    return naive(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)) if us else None
