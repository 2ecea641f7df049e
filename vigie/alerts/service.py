"""Alerts as the console's process runs them: noticing, delivering, and a watch over both."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from store.database import Database
from vigie.alerts.activity_watch import LOOK_S as ACTIVITY_S
from vigie.alerts.activity_watch import ActivityWatch
from vigie.alerts.backup_watch import LOOK_S as BACKUPS_S
from vigie.alerts.backup_watch import BackupWatch, is_backup
from vigie.alerts.certificate import is_certificate
from vigie.alerts.certificate_watch import LOOK_S as CERTIFICATES_S
from vigie.alerts.certificate_watch import CertificateWatch
from vigie.alerts.delivery import Result
from vigie.alerts.error_news import is_error
from vigie.alerts.error_watch import LOOK_S as ERRORS_S
from vigie.alerts.error_watch import ErrorWatch
from vigie.alerts.http_post import get
from vigie.alerts.incident import activity_id, is_activity
from vigie.alerts.ledger import Ledger
from vigie.alerts.message import (
    Message,
    activity_message,
    certificate_message,
    incident_message,
)
from vigie.alerts.outbox import OutboxRow
from vigie.alerts.sender import STOP_S, Sender
from vigie.alerts.transports import Transport, deliver
from vigie.alerts.watch import LOOK_S, Watch
from vigie.keeper import Job
from vigie.settings import Settings

HEARTBEAT_S = 60.0
STALE = timedelta(seconds=90)
"""A part that has not gone through for this long does not work; longer than one delivery takes."""
LATE = timedelta(minutes=5)
RESULT_SLACK = timedelta(seconds=30)
DAY_S = 86_400.0

log = logging.getLogger("vigie.alerts")


class Alerts:
    """The job that notices is the keeper's; the threads that deliver are started here."""

    def __init__(
        self,
        settings_now: Callable[[], Settings],
        database: Database,
        clock: Callable[[], datetime],
        *,
        transport: Transport = deliver,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        """`settings_now` gives the settings with the monitors of now; the rest of them stands."""
        settings = settings_now()
        self._settings = settings
        self._settings_now = settings_now
        self._clock = clock
        self._heartbeat_s = heartbeat_s
        self._ledger = Ledger(database)
        self._watch = Watch(database, self._ledger, settings_now)
        self._certificates = CertificateWatch(
            database, self._ledger, settings_now, self._watch.tells
        )
        self._errors = ErrorWatch(database, self._ledger, settings_now)
        self._activity = ActivityWatch(database, self._ledger, settings_now)
        self._backups = BackupWatch(self._ledger, settings_now, clock())
        self._stopping = threading.Event()
        self._senders = [
            Sender(
                channel,
                self._ledger,
                self._compose,
                transport,
                clock,
                timedelta(hours=settings.alerts.give_up_h),
            )
            for channel in settings.channels
        ]
        self._heartbeat = threading.Thread(
            target=self._beat_until_stopped, name="alerts: heartbeat", daemon=True
        )

    def jobs(self) -> list[Job]:
        """For the keeper's table."""
        kept = timedelta(days=self._settings.store.checks_retention_days)

        def retire(now: datetime) -> str:
            removed = self._ledger.retire(now - kept)
            return f"removed {removed:,} incidents past their term" if removed else ""

        return [
            Job(
                name="notice",
                description="Notice outages and what they owe to channels",
                period_s=LOOK_S,
                run=self._watch.look,
                prompt=True,
            ),
            Job(
                name="certificates",
                description="Warn of certificates that near their end",
                period_s=CERTIFICATES_S,
                run=self._certificates.look,
            ),
            Job(
                name="error news",
                description="Settle who is told of errors that are new or came back",
                period_s=ERRORS_S,
                run=self._errors.look,
            ),
            Job(
                name="backup news",
                description="Notice backups that are late or cannot be relied on",
                period_s=BACKUPS_S,
                run=self._backups.look,
            ),
            Job(
                name="activity",
                description="Notice that a journey's event is abnormally rare",
                period_s=ACTIVITY_S,
                run=self._activity.look,
            ),
            Job(
                name="retire incidents",
                description="Remove incidents past the retention of checks",
                period_s=DAY_S,
                run=retire,
            ),
        ]

    def start(self) -> None:
        self._ledger.release([channel.id for channel in self._settings.channels])
        for sender in self._senders:
            sender.start()
        if self._settings.alerts.heartbeat_url:
            self._heartbeat.start()

    def stop(self) -> None:
        """Let deliveries under way end; what is left stays in the outbox."""
        self._stopping.set()
        for sender in self._senders:
            sender.tell_to_stop()
        for sender in self._senders:
            sender.join()
        if self._heartbeat.is_alive():
            self._heartbeat.join(STOP_S)

    def trouble(self, now: datetime) -> str:
        """Why an outage might not be told now; "" when it would be."""
        looked_at = self._watch.looked_at()
        if looked_at is None or now - looked_at > STALE:
            return "outages are not being noticed"
        for channel, sender in zip(self._settings.channels, self._senders, strict=True):
            passed_at = sender.passed_at()
            if passed_at is None or now - passed_at > STALE:
                return f"the channel {channel.id} is stuck"
        if count := self._ledger.troubled(now, LATE):
            return f"messages late or given up: {count}"
        return "" if self._results_come(now) else "no results of checks come in"

    def _results_come(self, now: datetime) -> bool:
        """Whether the monitor that is checked most often was heard of lately."""
        waits = [
            timedelta(seconds=2 * each.interval_s + each.timeout_s) + RESULT_SLACK
            for each in self._settings_now().monitors
            if each.kind == "http" and not each.paused
        ]
        return not waits or self._ledger.last_result(now - min(waits)) is not None

    def _beat_until_stopped(self) -> None:
        while not self._stopping.wait(self._heartbeat_s):
            try:
                self._beat(self._clock())
            except Exception:  # the edge of a loop that must survive
                log.exception("the heartbeat failed")

    def _beat(self, now: datetime) -> None:
        if trouble := self.trouble(now):
            log.error("no heartbeat: %s", trouble)
            return
        answer = get(self._settings.alerts.heartbeat_url)
        if answer.result is not Result.SENT:
            log.warning("the heartbeat was not taken: %s", answer.said)

    def _compose(self, row: OutboxRow) -> Message | None:
        monitors = {each.id: each for each in self._settings_now().monitors}
        if is_certificate(row.incident):
            certificate = self._ledger.certificate(row.incident)
            if certificate is None:
                return None
            return certificate_message(
                certificate,
                row.event,
                key=row.key,
                at=row.created_at,
                monitor=monitors.get(certificate.monitor),
                console_url=self._settings.console.url,
            )
        if is_error(row.incident):
            return self._errors.compose(row)
        if is_backup(row.incident):
            return self._backups.compose(row)
        incident = self._ledger.incident(row.incident)
        if incident is None:
            return None
        if is_activity(incident.monitor):
            journeys = {activity_id(each.id): each for each in self._settings_now().journeys}
            journey = journeys.get(incident.monitor)
            return activity_message(
                incident,
                row.event,
                key=row.key,
                at=row.created_at,
                name=(journey.name or journey.id) if journey else incident.monitor,
                owner=journey.owner if journey else "",
                console_url=self._settings.console.url,
            )
        return incident_message(
            incident,
            row.event,
            key=row.key,
            at=row.created_at,
            monitor=monitors.get(incident.monitor),
            console_url=self._settings.console.url,
        )
