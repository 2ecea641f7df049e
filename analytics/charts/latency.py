"""A monitor's latency as a plotly figure: its phases stacked, and the slowest in twenty above."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from analytics.reports.types import LatencyReport, LatencySlot

PHASES = {
    "dns_ms": "DNS",
    "connect_ms": "Connect",
    "tls_ms": "TLS",
    "wait_ms": "Wait",
    "transfer_ms": "Transfer",
}


def latency_figure(report: LatencyReport) -> dict[str, Any]:
    """The figure as a plain dict, without plotly's template: colours are the page's to set.

    A phase that never happened has no trace; missing slots leave a gap.
    """
    points = list(_with_gaps(report))
    times = [time for time, _ in points]
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "stackgroup": "phases",
            "line": {"width": 0.5},
            "x": times,
            "y": [_value(slot, field) or 0 for _, slot in points],
            "hovertemplate": "%{y:.1f} ms",
        }
        for field, name in PHASES.items()
        if any(getattr(slot, field) is not None for slot in report.slots)
    ]
    traces.append(
        {
            "type": "scatter",
            "mode": "lines",
            "name": "Total, p95",
            "line": {"width": 1.5, "dash": "dot"},
            "connectgaps": False,
            "x": times,
            "y": [_value(slot, "total_p95_ms") for _, slot in points],
            "hovertemplate": "%{y:.1f} ms",
        }
    )
    return {
        "data": traces,
        "layout": {
            "margin": {"l": 52, "r": 12, "t": 8, "b": 36},
            "hovermode": "x unified",
            "showlegend": True,
            "legend": {"orientation": "h", "y": 1.12},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "xaxis": {
                "type": "date",
                "range": [report.basis.start.isoformat(), report.basis.end.isoformat()],
            },
            "yaxis": {"title": {"text": "ms, median by phase"}, "rangemode": "tozero"},
        },
    }


def _with_gaps(report: LatencyReport) -> Iterator[tuple[str, LatencySlot | None]]:
    """Each slot at its middle, and nothing where slots are missing between two."""
    for slot, following in pairwise([*report.slots, None]):
        assert slot is not None
        yield (slot.start + (slot.end - slot.start) / 2).isoformat(), slot
        if following is not None and following.start > slot.end:
            yield slot.end.isoformat(), None
            yield following.start.isoformat(), None


def _value(slot: LatencySlot | None, field: str) -> float | None:
    if slot is None:
        return None
    value: float | None = getattr(slot, field)
    return None if value is None else round(value, 2)
