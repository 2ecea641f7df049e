"""Which certificates monitors were shown lately: for pages, and for warnings of their end."""

from datetime import UTC, datetime, timedelta

from msgspec import Struct

from analytics.sql import query
from store.snapshot import Snapshot
from store.times import naive

LATELY = timedelta(days=2)
"""Longer than any monitor's interval."""


class CertificateSeen(Struct, frozen=True, kw_only=True):
    """A certificate as the latest result that carries it says. Times are aware, UTC."""

    monitor: str
    expires: datetime
    seen: datetime
    """When that result was due."""
    issuer: str = ""
    names: tuple[str, ...] = ()
    problem: str = ""


def certificates(snapshot: Snapshot, now: datetime) -> tuple[CertificateSeen, ...]:
    """Those of each monitor, the one seen last first: servers may show several by turns."""
    rows = snapshot.rows(query("certificates_seen"), {"since": naive(now - LATELY)})
    return tuple(
        CertificateSeen(
            monitor=monitor,
            expires=expires.replace(tzinfo=UTC),
            seen=seen.replace(tzinfo=UTC),
            issuer=issuer,
            names=tuple(names),
            problem=problem,
        )
        for monitor, expires, seen, issuer, names, problem in rows
    )
