"""Certificates as pages show them: how long they last, and what is wrong with them."""

from datetime import datetime

from msgspec import Struct

from analytics.reports.certificates import CertificateSeen, certificates
from analytics.reports.types import State
from probes.certificate import certificate_warning
from store.snapshot import Snapshot
from vigie.console.console import Console
from vigie.console.formats import days_left

FRESH_S = 60.0


class CertificateLine(Struct, frozen=True, kw_only=True):
    """The certificate a monitor was shown last. `state` is up, degraded (it ends within 30 days, or
    something is wrong with it) or down (it has expired)."""

    seen: CertificateSeen
    name: str
    """Of the monitor, for people."""
    state: State
    near: bool
    """Whether it ends within 30 days, or has."""
    words: str
    """ "expires in 6 days" """


def certificates_now(console: Console) -> dict[str, CertificateLine]:
    """Of each monitor of the settings that was shown one lately, by its id."""
    now = console.context.clock()

    def compute(snapshot: Snapshot) -> tuple[CertificateSeen, ...]:
        return certificates(snapshot, now)

    latest: dict[str, CertificateSeen] = {}
    for each in console.answers.ask(("certificates",), compute, FRESH_S):
        latest.setdefault(each.monitor, each)
    return {
        monitor.id: certificate_line(latest[monitor.id], monitor.name or monitor.id, now)
        for monitor in console.settings.monitors
        if monitor.id in latest
    }


def certificate_line(seen: CertificateSeen, name: str, now: datetime) -> CertificateLine:
    threshold = certificate_warning(seen.expires, now)
    state = State.DEGRADED if seen.problem or threshold is not None else State.UP
    left_s = (seen.expires - now).total_seconds()
    return CertificateLine(
        seen=seen,
        name=name,
        state=State.DOWN if threshold == 0 else state,
        near=threshold is not None,
        words=f"expires in {days_left(left_s)}" if left_s > 0 else "has expired",
    )
