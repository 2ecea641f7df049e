"""One monitor's latency over time, phase by phase."""

from datetime import timedelta

from analytics.basis import Basis
from analytics.question import Window
from analytics.reports.types import LatencyReport, LatencySlot
from analytics.sql import query
from analytics.times import from_us, naive, to_us
from store.snapshot import Snapshot

DEFINITION = "latency"
SLOTS = 120


def latency(
    snapshot: Snapshot, monitor: str, window: Window, *, slots: int = SLOTS
) -> LatencyReport:
    """The window cut into at most `slots` equal slots; medians of checks that passed."""
    slot_us = max(1, -(-((window.end - window.start) // timedelta(microseconds=1)) // slots))
    start_us = to_us(window.start)
    rows = snapshot.rows(
        query("latency_slots"),
        {
            "monitor": monitor,
            "start": naive(window.start),
            "end": naive(window.end),
            "start_us": start_us,
            "slot_us": slot_us,
        },
    )
    return LatencyReport(
        basis=Basis(
            definition=DEFINITION,
            start=window.start,
            end=window.end,
            generated=any(row[-1] for row in rows),
        ),
        monitor=monitor,
        slots=tuple(
            LatencySlot(
                start=from_us(start_us + row[0] * slot_us),
                end=min(window.end, from_us(start_us + (row[0] + 1) * slot_us)),
                checks=row[1],
                failed=row[2],
                dns_ms=row[3],
                connect_ms=row[4],
                tls_ms=row[5],
                wait_ms=row[6],
                transfer_ms=row[7],
                total_p50_ms=row[8],
                total_p95_ms=row[9],
            )
            for row in rows
        ),
    )
