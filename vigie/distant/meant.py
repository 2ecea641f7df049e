"""Which monitors are checked from which location."""

from collections.abc import Iterable

from probes.monitor import Monitor


def meant_for(location: str, monitors: Iterable[Monitor]) -> tuple[Monitor, ...]:
    """Those a prober at `location` checks; heartbeats are checked by none, they call."""
    return tuple(
        monitor
        for monitor in monitors
        if monitor.kind != "heartbeat" and (not monitor.locations or location in monitor.locations)
    )
