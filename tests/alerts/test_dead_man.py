"""The heartbeat is sent while an outage would be told, and falls silent when it would not."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from probes.monitor import Monitor
from store.database import Database
from store.times import naive
from tests.support.alerts import NOW, incident_row
from tests.support.receivers import HttpReceiver, http_receiver
from tests.support.waiting import wait_for
from vigie.alerts.ledger import Change, Ledger
from vigie.alerts.service import Alerts
from vigie.settings import AlertSettings, ChannelSettings, Settings


class Installation:
    """Alerts over a real store, with a clock of its own, watched by a real receiver."""

    def __init__(self, database: Database, receiver: HttpReceiver) -> None:
        self.now = NOW
        self.database = database
        self.receiver = receiver
        settings = Settings(
            monitors=(Monitor(id="home", url="https://home.test/"),),
            channels=(ChannelSettings(id="room", kind="chat", default=True, url_env="NOT_SET"),),
            alerts=AlertSettings(heartbeat_url=receiver.url),
        )
        self.alerts = Alerts(lambda: settings, database, lambda: self.now, heartbeat_s=0.05)
        self.alerts.start()

    def at(self, minutes: float, *, result: bool = True, look: bool = True) -> None:
        """That much later, with a fresh result and a look for outages."""
        self.now = NOW + timedelta(minutes=minutes)
        if result:
            self.store_result(self.now)
        if look:
            self.alerts.jobs()[0].run(self.now)

    def store_result(self, at: datetime) -> None:
        self.database.cursor().execute(
            "INSERT INTO checks (monitor, location, due, started, lag_ms, outcome, verdict,"
            " interval_ms, timeout_ms, redirects, generated)"
            " VALUES ('home', 'local', $at, $at, 0, 'ok', 'good', 60000, 10000, 0, false)",
            {"at": naive(at)},
        )

    def trouble(self) -> str:
        """Once the sender has passed again."""
        now = self.now
        return wait_for(
            lambda: [self.alerts.trouble(now)] if "stuck" not in self.alerts.trouble(now) else None,
            "the sender to pass",
        )[0]

    def beats(self) -> bool:
        """Whether another heartbeat comes."""
        before = len(self.receiver.requests)
        wait_for(lambda: len(self.receiver.requests) > before + 1, "a heartbeat")
        return True


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installation]:
    with http_receiver() as receiver:
        database = Database(tmp_path)
        installation = Installation(database, receiver)
        yield installation
        installation.alerts.stop()
        database.close()


def test_it_beats_only_while_every_part_of_the_way_works(installed: Installation) -> None:
    assert installed.alerts.trouble(NOW) == "outages are not being noticed"
    installed.at(0)
    assert installed.trouble() == ""
    assert installed.beats()
    assert installed.receiver.requests[0].method == "GET"

    installed.at(3, result=True, look=False)
    assert installed.trouble() == "outages are not being noticed"
    installed.at(10, result=False)
    assert installed.trouble() == "no results of checks come in"
    installed.at(11)
    assert installed.trouble() == ""
    assert installed.beats()


def test_a_message_that_does_not_get_through_silences_it(installed: Installation) -> None:
    installed.at(0)
    row = incident_row(start=NOW)
    Ledger(installed.database).write([Change(row=row, new=True, tell=("room",))], NOW)
    installed.at(4)
    assert installed.trouble() == ""
    installed.at(6)
    assert installed.trouble() == "messages late or given up: 1"
