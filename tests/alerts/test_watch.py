"""Results in the store become rows and owed messages, once, through silences and restarts."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.result import CheckResult, MonitorDefinition
from store.database import Database
from store.journal_writer import write_segments
from store.loader import Loader
from store.records import Record
from store.times import microseconds
from tests.support.alerts import NOW
from vigie.alerts.ledger import Ledger
from vigie.alerts.watch import Watch
from vigie.settings import ChannelSettings, MaintenanceSettings, Settings

CHANNELS = (
    ChannelSettings(id="ops", kind="chat", default=True),
    ChannelSettings(id="shop", kind="chat"),
)
Goes = Callable[[str, float], Outcome | None]
"""What a check of a monitor at a minute comes to; None when there is none."""


def monitor(id_: str, **more: object) -> Monitor:
    return Monitor(id=id_, url=f"https://{id_}.test/", **more)  # type: ignore[arg-type]


class World:
    """Checks a minute apart of every monitor, loaded as they come; a look after each."""

    def __init__(self, folder: Path, *monitors: Monitor, **settings: object) -> None:
        self.settings = Settings(monitors=monitors, channels=CHANNELS, **settings)  # type: ignore[arg-type]
        self.folder = folder / "journal"
        self.folder.mkdir()
        self.database = Database(folder / "store")
        self.loader = Loader(self.database, self.folder)
        self.writes = 0
        self.restart()
        self.write(
            *(
                MonitorDefinition(
                    monitor=each, from_us=microseconds(minute(-0.5)), location="local"
                )
                for each in monitors
            )
        )

    def restart(self) -> None:
        """The console's process begins anew."""
        self.watch = Watch(self.database, Ledger(self.database), lambda: self.settings)

    def write(self, *records: Record) -> None:
        if not records:
            return
        self.writes += 1
        start_us = microseconds(NOW) + self.writes
        write_segments(self.folder, "prober", records, start_us=start_us)
        self.loader.load_once(NOW)

    def live(self, start: int, end: int, goes: Goes, *, looks: bool = True) -> None:
        """The minutes from `start` up to `end`; `looks` is False while the console is off."""
        waiting: list[Record] = []
        for number in range(start, end):
            for each in self.settings.monitors:
                outcome = goes(each.id, number)
                if outcome is not None:
                    waiting.append(result(each.id, minute(number), outcome))
            if looks:
                self.write(*waiting)
                waiting.clear()
                self.watch.look(minute(number) + timedelta(seconds=5))
        self.write(*waiting)

    def owed(self) -> list[str]:
        """Every message ever owed, in order: "home ops open"."""
        rows = (
            self.database.cursor()
            .execute("SELECT incident, channel, event FROM outbox ORDER BY created_at, event DESC")
            .fetchall()
        )
        return [f"{incident.split('@')[0]} {channel} {event}" for incident, channel, event in rows]


def minute(number: float) -> datetime:
    return NOW + timedelta(minutes=number)


def result(id_: str, at: datetime, outcome: Outcome) -> CheckResult:
    return CheckResult(
        monitor=id_,
        location="local",
        due_us=microseconds(at),
        started_us=microseconds(at),
        outcome=outcome,
        interval_ms=60_000,
        timeout_ms=10_000,
        detail="" if outcome is Outcome.OK else "503, expected 200-299",
    )


def bad(*spans: tuple[float, float], silent: tuple[float, float] = (0, 0)) -> Goes:
    """Bad within the spans, no result while silent, else good; of every monitor."""

    def goes(id_: str, number: float) -> Outcome | None:
        if silent[0] <= number < silent[1]:
            return None
        failing = any(start <= number < end for start, end in spans)
        return Outcome.WRONG_STATUS if failing else Outcome.OK

    return goes


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., World]]:
    worlds: list[World] = []

    def make(*monitors: Monitor, **settings: object) -> World:
        worlds.append(World(tmp_path, *monitors, **settings))
        return worlds[-1]

    yield make
    for world in worlds:
        world.database.close()


def test_a_monitor_tells_its_own_channels_else_the_defaults(make: Callable[..., World]) -> None:
    world = make(monitor("home"), monitor("pay", channels=("shop",)))
    world.live(0, 10, bad((3, 6)))
    assert sorted(world.owed()) == [
        "home ops close",
        "home ops open",
        "pay shop close",
        "pay shop open",
    ]
    incident = Ledger(world.database).recent(minute(-5))[0]
    assert incident.locations == "local"
    assert (incident.start, incident.end) == (minute(3), minute(6))


def test_a_failure_that_is_not_confirmed_is_told_to_nobody(make: Callable[..., World]) -> None:
    world = make(monitor("home"))
    world.live(0, 12, bad((3, 4), (8, 9)))
    assert world.owed() == []


def test_a_restart_tells_nothing_again_and_what_ended_meanwhile(
    make: Callable[..., World],
) -> None:
    world = make(monitor("home"))
    down = bad((3, 20), (24, 27))
    world.live(0, 8, down)
    for start in (8, 10):
        world.restart()
        world.live(start, start + 2, down)
    assert world.owed() == ["home ops open"]
    world.live(12, 30, down, looks=False)
    world.restart()
    world.live(30, 31, down)
    assert sorted(world.owed()) == ["home ops close"] * 2 + ["home ops open"] * 2


def test_after_a_silence_of_our_own_a_fresh_cycle_is_seen_before_anything_is_told(
    make: Callable[..., World],
) -> None:
    world = make(monitor("home", confirm_after=1))
    goes = bad((30, 40), silent=(5, 30))
    world.live(0, 31, goes)
    assert world.owed() == [], "its first failure after the silence is the cycle's first half"
    world.live(31, 45, goes)
    assert world.owed() == ["home ops open", "home ops close"]


def test_an_outage_that_lasts_through_our_silence_stays_one(make: Callable[..., World]) -> None:
    world = make(monitor("home"))
    goes = bad((3, 60), silent=(10, 50))
    world.live(0, 60, goes)
    assert world.owed() == ["home ops open"]
    world.live(60, 64, goes)
    assert world.owed() == ["home ops open", "home ops close"]


def test_a_child_under_a_parent_that_is_down_is_told_to_nobody(
    make: Callable[..., World],
) -> None:
    world = make(monitor("gate"), monitor("home", parents=("gate",)))
    world.live(0, 12, bad((3, 8)))
    assert world.owed() == ["gate ops open", "gate ops close"]
    rows = Ledger(world.database).recent(minute(-5))
    assert {(row.monitor, row.held_back) for row in rows} == {("gate", False), ("home", True)}


def test_what_fails_with_all_sentinels_is_told_as_our_own_network(
    make: Callable[..., World],
) -> None:
    world = make(monitor("dns-a", sentinel=True), monitor("dns-b", sentinel=True), monitor("home"))
    world.live(0, 16, bad((4, 9)))
    assert world.owed() == ["own-network.local ops open", "own-network.local ops close"]


def test_what_fails_in_maintenance_is_told_to_nobody(make: Callable[..., World]) -> None:
    planned = MaintenanceSettings(
        id="works", start=minute(2).isoformat(), end=minute(20).isoformat()
    )
    world = make(monitor("home"), maintenance=(planned,))
    world.live(0, 18, bad((3, 16)))
    assert world.owed() == []


def test_the_history_of_a_store_is_not_told_when_alerting_begins(
    make: Callable[..., World],
) -> None:
    world = make(monitor("home"), monitor("pay"))

    def goes(id_: str, number: float) -> Outcome:
        past = 3 <= number < 6
        return Outcome.WRONG_STATUS if past or (id_ == "pay" and number >= 10) else Outcome.OK

    world.live(0, 20, goes, looks=False)
    world.live(20, 22, goes)
    assert world.owed() == ["pay ops open"], "what still lasts is told"
