"""One monitor's latency over time, phase by phase."""

from analytics.basis import Basis
from analytics.question import Window
from analytics.reports.types import LatencyReport, LatencySlot
from analytics.sql import query
from analytics.times import from_us, naive, to_us
from store.snapshot import Snapshot

DEFINITION = "latency"
SLOTS = 120
HOUR_US = 3_600_000_000
KEPT_NOTE = "single results of some days are gone: from histograms by hour, within 2 %"


def latency(
    snapshot: Snapshot, monitor: str, window: Window, *, slots: int = SLOTS
) -> LatencyReport:
    """The window cut into at most `slots` equal slots; medians of checks that passed.

    Where single results are gone, from histograms by hour: no slot is then shorter than one, and
    the first begins with the hour.
    """
    span = {"start": naive(window.start), "end": naive(window.end)}
    ((dropped,),) = snapshot.rows(query("latency_dropped"), span)
    start_us = to_us(window.start)
    if dropped:
        start_us -= start_us % HOUR_US
    slot_us = max(1, -(-(to_us(window.end) - start_us) // slots))
    if dropped:
        slot_us = -(-slot_us // HOUR_US) * HOUR_US
    rows = snapshot.rows(
        query("latency_kept" if dropped else "latency_slots"),
        {
            "monitor": monitor,
            "start": naive(from_us(start_us)),
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
            note=KEPT_NOTE if dropped else "",
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
