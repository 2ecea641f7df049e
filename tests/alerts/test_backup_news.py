"""Late backups are told to the default channels: once, and once more when they are well."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from store.database import Database
from tests.support.alerts import NOW
from vigie.alerts.backup_watch import BackupWatch
from vigie.alerts.ledger import Ledger
from vigie.alerts.message import Event
from vigie.alerts.outbox import OutboxRow
from vigie.alerts.pagerduty import event_of
from vigie.alerts.service import Alerts
from vigie.backups import Backups
from vigie.folders import DataFolder
from vigie.settings import BackupSettings, ChannelSettings, Settings

LATE = NOW + timedelta(hours=37)
"""Backups are asked for each 24 hours."""


class Scene:
    """A data folder with scheduled backups and two channels, one of them by default."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(
            backup=BackupSettings(folder=str(folder / "backups"), every_h=24, verify_every_h=24),
            channels=(
                ChannelSettings(id="all", kind="webhook", url="http://127.0.0.1:1/", default=True),
                ChannelSettings(id="own", kind="webhook", url="http://127.0.0.1:1/"),
            ),
        )
        self.data = DataFolder(folder / "data")
        self.data.secret()
        self.database = Database(self.data.store)
        self.ledger = Ledger(self.database)
        self.watch = BackupWatch(self.ledger, lambda: self.settings, NOW)

    def owed(self) -> list[OutboxRow]:
        return self.ledger.unsettled(NOW, 100)

    def back_up(self, hours: float) -> None:
        backups = Backups(self.settings, self.data, self.database, None)
        assert "restored it into scratch: equal" in backups.make_due(NOW + timedelta(hours=hours))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    yield made
    made.database.close()


def test_a_late_backup_is_told_once_and_closed_once(scene: Scene) -> None:
    assert scene.watch.look(NOW + timedelta(hours=35)) == ""
    assert scene.watch.look(LATE)
    assert scene.watch.look(LATE + timedelta(hours=1)) == ""
    (opening,) = scene.owed()
    assert (opening.channel, opening.event) == ("all", Event.WARN)
    scene.back_up(40)
    assert scene.watch.look(NOW + timedelta(hours=40))
    assert scene.watch.look(NOW + timedelta(hours=41)) == ""
    _, closing = scene.owed()
    assert (closing.channel, closing.event) == ("all", Event.CLOSE)
    assert opening.incident == closing.incident
    assert scene.watch.look(NOW + timedelta(hours=90))
    assert len({row.incident for row in scene.owed()}) == 2, "another time is told anew"


def test_a_new_start_neither_repeats_nor_closes_it(scene: Scene) -> None:
    scene.watch.look(LATE)
    again = BackupWatch(scene.ledger, lambda: scene.settings, LATE)
    assert again.look(LATE + timedelta(minutes=1)) == "", "the time counts anew; nothing is well"
    assert len(scene.owed()) == 1


def test_a_schedule_given_up_closes_it(scene: Scene) -> None:
    scene.watch.look(LATE)
    scene.settings = replace(scene.settings, backup=BackupSettings())
    assert scene.watch.look(LATE + timedelta(minutes=5))
    _, closing = scene.owed()
    assert scene.watch.compose(closing).title == "Backups: no longer scheduled"


def test_nobody_to_tell_is_no_trouble(scene: Scene) -> None:
    scene.settings = replace(scene.settings, channels=())
    assert scene.watch.look(LATE) == ""
    assert scene.owed() == []


def test_the_words_say_what_is_wrong_and_since_when(scene: Scene) -> None:
    scene.watch.look(LATE)
    (opening,) = scene.owed()
    said = scene.watch.compose(opening)
    assert said.text == ("The backup is overdue.\nLast backup: none\nNever restored for comparison")
    assert event_of(said, "trigger", "k")["payload"]["severity"] == "warning"
    scene.back_up(40)
    scene.watch.look(NOW + timedelta(hours=40))
    _, closing = scene.owed()
    said = scene.watch.compose(closing)
    assert said.title == "Backups are well again"
    assert "Last backup: 23 Nov 2026, 06:00:00 UTC" in said.lines


def test_the_service_has_it_among_its_jobs_and_composes_it(scene: Scene) -> None:
    alerts = Alerts(lambda: scene.settings, scene.database, lambda: NOW)
    look = next(job for job in alerts.jobs() if job.name == "backup news")
    assert look.run(LATE)
    (row,) = scene.owed()
    assert alerts._compose(row) == scene.watch.compose(row)
