"""Calls and presence become results: in time, late, recovered, paused, and after we were away."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from analytics.question import Window
from analytics.reports.types import MonitorUptime, State
from analytics.reports.uptime import uptime
from probes.heartbeat import Call, Ping, Presence
from probes.monitor import Monitor
from store.database import Database
from store.journal_writer import write_segments
from store.loader import Loader
from store.times import microseconds
from vigie.distant.heartbeat_job import Heartbeats
from vigie.folders import DataFolder
from vigie.settings import Settings

START = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOURLY = Monitor(id="backup", kind="heartbeat", period_s=3600, grace_s=300)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


class World:
    """An installation whose time is given: a collector, its journal, the loader and the job."""

    def __init__(self, root: Path) -> None:
        self.folder = DataFolder(root)
        self.database = Database(self.folder.store)
        self.loader = Loader(self.database, self.folder.journal)
        self.settings = Settings(monitors=(HOURLY,))
        self.present_since = START
        self.backlog_bytes = 0
        self._written = 0
        self.job = self.new_job()

    def new_job(self) -> Heartbeats:
        return Heartbeats(
            lambda: self.settings, self.folder, self.database, lambda: self.backlog_bytes
        )

    def write(self, record: Ping | Presence) -> None:
        self._written += 1
        write_segments(self.folder.journal, "collector", [record], start_us=self._written)

    def call(self, minutes: float, call: Call = Call.DONE) -> None:
        self.write(Ping(monitor="backup", call=call, received_us=microseconds(at(minutes))))

    def look(self, minutes: float, *, present: bool = True) -> None:
        """The job runs, after what the collector wrote was loaded."""
        if present:
            self.write(
                Presence(
                    process="collector",
                    since_us=microseconds(self.present_since),
                    until_us=microseconds(at(minutes)),
                )
            )
        self.backlog_bytes = self.loader.load_once(at(minutes)).backlog_bytes
        self.job.run(at(minutes))
        self.loader.load_once(at(minutes))

    def uptime(self, minutes: float) -> MonitorUptime:
        with self.database.snapshot() as snapshot:
            report = uptime(snapshot, ["backup"], Window(START, at(minutes)), at(minutes))
        return report.monitors[0]

    def states(self, minutes: float) -> list[tuple[float, float, State]]:
        """From, to (minutes) and state."""
        return [
            (
                (each.start - START) / timedelta(minutes=1),
                (each.end - START) / timedelta(minutes=1),
                each.state,
            )
            for each in self.uptime(minutes).intervals
        ]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.job.close()
    world.database.close()


def test_a_job_is_up_while_it_calls_and_down_from_when_it_was_late(world: World) -> None:
    world.look(0)
    world.call(0)
    for minutes in (1, 30, 59):
        world.look(minutes)
    world.call(60)
    for minutes in range(61, 140, 3):
        world.look(minutes)
    assert world.states(139) == [(0, 125, State.UP), (125, 139, State.DOWN)]
    (incident,) = world.uptime(139).incidents
    assert (incident.start, incident.end) == (at(125), None)
    assert "no call since 2026-05-04 13:00:00 UTC" in incident.detail
    world.call(140)
    world.look(141)
    assert world.states(141) == [
        (0, 125, State.UP),
        (125, 140, State.DOWN),
        (140, 141, State.UP),
    ]
    assert world.uptime(141).incidents[0].end == at(140)


def test_while_the_collector_is_off_nothing_is_late_and_the_job_is_judged_anew_after(
    world: World,
) -> None:
    world.look(0)
    world.call(0)
    world.look(50)
    for minutes in (60, 66, 70):
        world.look(minutes, present=False)
    assert {state for *_, state in world.states(70)} == {State.UP, State.UNKNOWN}
    world.present_since = at(75)
    for minutes in range(76, 145, 2):
        world.look(minutes)
    assert world.states(144) == [
        (0, 65, State.UP),
        (65, 140, State.UNKNOWN),
        (140, 144, State.DOWN),
    ]


def test_a_console_that_was_away_makes_good_for_it(world: World) -> None:
    """Two consoles, one killed and away for three hours, judge as one that was there would."""
    world.look(0)
    world.call(0)
    world.look(1)
    world.job.close()
    world.call(58)
    world.call(150)
    world.job = world.new_job()
    world.look(180)
    assert world.states(180) == [
        (0, 123, State.UP),
        (123, 150, State.DOWN),
        (150, 180, State.UP),
    ]
    written = (
        world.database.cursor()
        .execute("SELECT count(*), count(DISTINCT due) FROM checks")
        .fetchall()
    )
    world.job.close()
    world.job = world.new_job()
    world.look(180)
    assert (
        world.database.cursor()
        .execute("SELECT count(*), count(DISTINCT due) FROM checks")
        .fetchall()
        == written
    )
    assert written[0][0] == written[0][1]


def test_nothing_is_late_after_a_pause_before_a_whole_period(world: World) -> None:
    world.look(0)
    world.call(0)
    world.look(10)
    world.settings = Settings(monitors=(replace(HOURLY, paused=True),))
    for minutes in (11, 60, 199):
        world.look(minutes)
    world.settings = Settings(monitors=(HOURLY,))
    for minutes in range(200, 268, 2):
        world.look(minutes)
    found = world.states(267)
    assert found[0][2] is State.UP
    assert found[1][2] is State.PAUSED
    assert [state for *_, state in found[2:]] == [State.UNKNOWN, State.DOWN]
    assert found[-1][0] == 265


def test_a_changed_name_is_no_new_beginning(world: World) -> None:
    world.look(0)
    world.call(0)
    world.look(66)
    world.settings = Settings(monitors=(replace(HOURLY, name="Backups"),))
    for minutes in (67, 68, 69):
        world.look(minutes)
    assert world.states(69)[-1] == (65, 69, State.DOWN)


def test_a_monitor_taken_out_is_ended(world: World) -> None:
    world.look(0)
    world.call(0)
    world.look(10)
    world.settings = Settings()
    for minutes in (11, 90):
        world.look(minutes)
    assert world.states(90) == [(0, 11, State.UP)]


def test_old_calls_are_forgotten_but_for_the_last(world: World) -> None:
    world.look(0)
    for minutes in (0, 60, 120):
        world.call(minutes)
    world.look(130)
    for days in (1, 2, 3, 4):
        world.look(days * 24 * 60)
    left = world.database.cursor().execute("SELECT epoch_us(received) FROM pings").fetchall()
    assert left == [(microseconds(at(120)),)]
    assert world.states(4 * 24 * 60)[-1] == (185, 4 * 24 * 60, State.DOWN)
