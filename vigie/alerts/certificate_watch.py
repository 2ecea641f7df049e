"""Notices certificates that near their end, and writes down what is owed of it."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

from analytics.reports.certificates import CertificateSeen, certificates
from probes.monitor import Monitor
from store.database import Database
from vigie.alerts.certificate import (
    CertificateChange,
    CertificateRow,
    certificate_changes,
    closed,
)
from vigie.alerts.channel_checks import PAGERDUTY
from vigie.alerts.ledger import Ledger
from vigie.settings import Settings

LOOK_S = 300.0


class CertificateWatch:
    """Called from one thread. `tells` gives the channels told of a monitor."""

    def __init__(
        self,
        database: Database,
        ledger: Ledger,
        settings: Callable[[], Settings],
        tells: Callable[[Monitor | None], tuple[str, ...]],
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._settings = settings
        self._tells = tells

    def look(self, now: datetime) -> str:
        """Write what is new, with the messages it owes, in one transaction; says what it wrote.

        Of a monitor that is paused nothing new is said; one that was removed ends its warnings.
        """
        settings = self._settings()
        known: dict[str, list[CertificateRow]] = defaultdict(list)
        for row in self._ledger.certificates():
            known[row.monitor].append(row)
        seen: dict[str, list[CertificateSeen]] = defaultdict(list)
        with self._database.snapshot() as snapshot:
            for each in certificates(snapshot, now):
                seen[each.monitor].append(each)
        found: list[CertificateChange] = []
        for monitor in settings.monitors:
            if not monitor.paused:
                found += certificate_changes(
                    known[monitor.id], seen[monitor.id], tells=self._tells(monitor), now=now
                )
        present = {monitor.id for monitor in settings.monitors}
        gone = [row for id_, rows in known.items() if id_ not in present for row in rows]
        found += [closed(row) for row in gone if not row.closed]
        if not found:
            return ""
        resolving = [each.id for each in settings.channels if each.kind == PAGERDUTY]
        self._ledger.write_certificates(found, resolving, now)
        near, ended = (
            sum(change.row.closed is state for change in found) for state in (False, True)
        )
        return f"certificates: {near} near their end, {ended} replaced or gone"
