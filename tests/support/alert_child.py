"""A process that notices an outage and tells of it, to be killed.

python -m tests.support.alert_child STORE HOOK PAGER (open | close | nothing) STEP
"""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from msgspec import structs

from analytics.reports.types import Incident
from store.database import Database
from tests.support.alerts import MONITOR, NOW
from vigie.alerts.delivery import Delivery
from vigie.alerts.ledger import Change, Ledger
from vigie.alerts.message import Message, incident_message
from vigie.alerts.noticing import changes
from vigie.alerts.outbox import OutboxRow
from vigie.alerts.sender import Sender
from vigie.alerts.transports import deliver
from vigie.settings import ChannelSettings

STEPS = ("writing", "written", "claimed", "delivered", "marked")
AT = {"open": timedelta(minutes=2), "close": timedelta(minutes=9), "nothing": timedelta(minutes=20)}
INCIDENT = Incident(
    monitor="home",
    start=NOW,
    end=None,
    confirmed_at=NOW + timedelta(minutes=1),
    edge_s=60.0,
    outcome="wrong_status",
    detail="503, expected 200-299",
    failed_checks=2,
)


class DyingLedger(Ledger):
    """Ends this process as a power cut would, after the step wanted."""

    def __init__(self, database: Database, wanted: str) -> None:
        super().__init__(database)
        self._wanted = wanted

    def reached(self, step: str) -> None:
        if step == self._wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    def write(self, changes: Sequence[Change], now: datetime) -> None:
        super().write(cast(Sequence[Change], self._then_writing(changes)), now)
        self.reached("written")

    def _then_writing(self, changes: Sequence[Change]) -> Iterator[Change]:
        yield from changes
        self.reached("writing")  # everything is written, nothing is committed

    def claim(self, row: OutboxRow) -> bool:
        claimed = super().claim(row)
        self.reached("claimed")
        return claimed

    def mark_sent(self, key: str, now: datetime) -> bool:
        marked = super().mark_sent(key, now)
        self.reached("marked")
        return marked


def main(store: str, hook: str, pager: str, phase: str, step: str) -> None:
    now = NOW + AT[phase]
    database = Database(Path(store))
    ledger = DyingLedger(database, step)
    channels = [
        ChannelSettings(id="hook", kind="webhook", url=hook, secret_env="VIGIE_TEST_SECRET"),
        ChannelSettings(id="pager", kind="pagerduty", url=pager, routing_key_env="VIGIE_TEST_KEY"),
    ]
    ledger.release([channel.id for channel in channels])
    since = ledger.since(NOW - timedelta(days=1))
    end = None if phase == "open" else NOW + timedelta(minutes=8)
    news = changes(
        ledger.recent(NOW - timedelta(days=1)),
        [structs.replace(INCIDENT, end=end)],
        tells=tuple(channel.id for channel in channels),
        since=since,
        now=now,
        withdraws=True,
    )
    ledger.write(list(news), now)

    def send(channel: ChannelSettings, message: Message) -> Delivery:
        delivery = deliver(channel, message)
        ledger.reached("delivered")
        return delivery

    def compose(row: OutboxRow) -> Message | None:
        incident = ledger.incident(row.incident)
        assert incident
        return incident_message(
            incident, row.event, key=row.key, at=row.created_at, monitor=MONITOR, console_url=""
        )

    for channel in channels:
        sender = Sender(channel, ledger, compose, send, lambda: now, timedelta(hours=24))
        while sender.step():
            pass
    database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
