"""Warnings of a certificate's end: which are new, and who is owed one. Pure: no clock, no store.

- One warning a certificate, monitor and threshold; of several crossed at once only the last.
- Of the certificate seen last alone: one that was replaced is nothing to warn of.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, structs

from analytics.reports.certificates import CertificateSeen
from probes.certificate import certificate_warning

PREFIX = "certificate:"
"""Before a monitor, in place of an incident's id."""
REPLACED_AFTER = timedelta(hours=1)
"""Servers behind one address may show the old and the new by turns for a while."""


class CertificateRow(Struct, frozen=True, kw_only=True):
    """One row of `certificate_warnings`. Times are aware, UTC."""

    id: str
    monitor: str
    expires: datetime
    issuer: str
    problem: str
    threshold: int
    closed: bool = False


class CertificateChange(Struct, frozen=True, kw_only=True):
    """What is to be written of one certificate: its row, and the channels owed a warning.

    A row that is closed takes back what was told of it.
    """

    row: CertificateRow
    tell: tuple[str, ...] = ()


def is_certificate(id_: str) -> bool:
    return id_.startswith(PREFIX)


def certificate_changes(
    known: Sequence[CertificateRow],
    seen: Sequence[CertificateSeen],
    *,
    tells: tuple[str, ...],
    now: datetime,
) -> Iterator[CertificateChange]:
    """What is to be written of one monitor; `known` and `seen` are its own.

    While nothing is seen of it, nothing changes.
    """
    if not seen:
        return
    latest = max(seen, key=lambda each: each.seen)
    rows = {row.id: row for row in known}
    yield from _warned(latest, rows.get(_id(latest)), tells, now)
    shown = {_id(each) for each in seen if latest.seen - each.seen <= REPLACED_AFTER}
    for row in known:
        if not row.closed and row.id not in shown:
            yield closed(row)


def closed(row: CertificateRow) -> CertificateChange:
    return CertificateChange(row=structs.replace(row, closed=True))


def _warned(
    latest: CertificateSeen, row: CertificateRow | None, tells: tuple[str, ...], now: datetime
) -> Iterator[CertificateChange]:
    threshold = certificate_warning(latest.expires, now)
    if threshold is None:
        return
    if row is None or threshold < row.threshold:
        warned = CertificateRow(
            id=_id(latest),
            monitor=latest.monitor,
            expires=latest.expires,
            issuer=latest.issuer,
            problem=latest.problem,
            threshold=threshold,
        )
        yield CertificateChange(row=warned, tell=tells)
    elif row.closed:
        yield CertificateChange(row=structs.replace(row, closed=False))


def _id(seen: CertificateSeen) -> str:
    return f"{PREFIX}{seen.monitor}@{seen.expires:%Y%m%dT%H%M%SZ}"
