"""A journey whose event stops coming is told once, and once when it comes again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from msgspec import structs

from store.database import Database
from tests.support.volumes import WEEK_H, volume
from vigie.alerts.activity_watch import ActivityWatch
from vigie.alerts.ledger import Ledger
from vigie.alerts.message import Event, Message
from vigie.alerts.service import Alerts
from vigie.alerts.watch import Watch
from vigie.folders import DataFolder
from vigie.own_journeys import JOURNEYS
from vigie.own_settings import OwnSettings
from vigie.settings import ChannelSettings, JourneySettings, Settings, SiteSettings

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
TUESDAY_10 = MONDAY + 34 * HOUR
SITE = SiteSettings(id="shop", key="k", origins=("https://shop.test",))
JOURNEY = JourneySettings(
    id="order", site="shop", name="Order", owner="Checkout", event="paid", channels=("team",)
)
CHANNELS = (
    ChannelSettings(id="ops", kind="chat", default=True),
    ChannelSettings(id="team", kind="chat"),
)


class World:
    """Nine weeks of an event, then a week in which it stops for some hours."""

    def __init__(self, folder: Path, **journey: object) -> None:
        self.settings = Settings(
            sites=(SITE,),
            journeys=(JourneySettings(**{**_fields(JOURNEY), **journey}),),  # type: ignore[arg-type]
            channels=CHANNELS,
        )
        self.database = Database(folder / "store")
        self.ledger = Ledger(self.database)
        self.ledger.since(MONDAY)
        self.watch = ActivityWatch(self.database, self.ledger, lambda: self.settings)

    def counts(self, stop: slice) -> None:
        counts = volume(7, 10).counts
        counts[stop] = 0
        first = MONDAY - 9 * WEEK_H * HOUR
        place = np.flatnonzero(counts)
        frame = pd.DataFrame({"count": counts[place]})
        frame["hour"] = [(first + int(each) * HOUR).replace(tzinfo=None) for each in place]
        cursor = self.database.cursor()
        cursor.register("frame", frame)
        cursor.execute(
            "INSERT INTO hourly_counts BY NAME SELECT 'shop' AS site, hour::DATE AS day, hour,"
            " 'event' AS kind, 'paid' AS name, 'novice' AS level, count, false AS generated"
            " FROM frame"
        )

    def live(self, start: datetime, hours: int) -> None:
        for number in range(hours):
            self.watch.look(start + number * HOUR + timedelta(minutes=6))

    def owed(self) -> list[str]:
        rows = self.ledger.unsettled(MONDAY, 100)
        return [f"{row.incident.split('@')[0]} {row.channel} {row.event.value}" for row in rows]


def _fields(journey: JourneySettings) -> dict[str, object]:
    return {name: getattr(journey, name) for name in journey.__struct_fields__}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.database.close()


def stopped(hours: int) -> slice:
    first = 9 * WEEK_H + 34
    return slice(first, first + hours)


def test_a_full_stop_is_told_once_to_the_journey_s_channels(world: World) -> None:
    world.counts(stopped(24 * 5))
    world.live(TUESDAY_10 - 3 * HOUR, 3)
    assert world.owed() == []
    world.live(TUESDAY_10, 30)
    assert world.owed() == ["activity.order team open"]
    (row,) = world.ledger.recent(MONDAY)
    assert row.start <= TUESDAY_10 + HOUR
    assert row.detail.startswith("0 paid in ")


def test_a_journey_of_the_console_is_told_too_until_it_is_removed(tmp_path: Path) -> None:
    world = World(tmp_path)
    folder = DataFolder(tmp_path)
    plain = structs.replace(world.settings, journeys=())
    own = OwnSettings(plain, folder)
    world.watch = ActivityWatch(world.database, world.ledger, own.settings)
    world.counts(stopped(24 * 5))
    world.live(TUESDAY_10, 20)
    assert world.owed() == []
    JOURNEYS.add(folder, JOURNEY, MONDAY)
    world.live(TUESDAY_10 + 20 * HOUR, 2)
    assert world.owed() == ["activity.order team open"]
    JOURNEYS.remove(folder, "order", MONDAY)
    world.live(TUESDAY_10 + 22 * HOUR, 1)
    (row,) = world.ledger.recent(MONDAY)
    assert row.withdrawn
    world.database.close()


def test_its_end_is_told_once(world: World) -> None:
    world.counts(stopped(6))
    world.live(TUESDAY_10, 48)
    assert world.owed() == ["activity.order team open", "activity.order team close"]


def test_outages_are_noticed_beside_it_without_ending_it(world: World) -> None:
    world.counts(stopped(24 * 5))
    world.live(TUESDAY_10, 6)
    for minute in range(3):
        outages = Watch(world.database, world.ledger, lambda: world.settings)
        outages.look(TUESDAY_10 + 6 * HOUR + timedelta(minutes=minute))
    assert world.owed() == ["activity.order team open"]


def test_a_journey_watched_no_longer_ends_what_was_told(world: World) -> None:
    world.counts(stopped(24 * 5))
    world.live(TUESDAY_10, 6)
    world.settings = Settings(sites=(SITE,), channels=CHANNELS)
    world.live(TUESDAY_10 + 6 * HOUR, 2)
    assert world.owed() == ["activity.order team open", "activity.order team close"]


def test_nobody_is_told_where_it_is_turned_off(tmp_path: Path) -> None:
    world = World(tmp_path, activity_alert=False)
    world.counts(stopped(24 * 5))
    world.live(TUESDAY_10, 12)
    assert world.owed() == []
    world.database.close()


def test_without_channels_of_its_own_the_default_ones_are_told(tmp_path: Path) -> None:
    world = World(tmp_path, channels=())
    world.counts(stopped(24 * 5))
    world.live(TUESDAY_10, 12)
    assert world.owed() == ["activity.order ops open"]
    world.database.close()


def test_the_messages_say_what_since_when_and_whose_it_is(world: World) -> None:
    world.counts(stopped(6))
    world.live(TUESDAY_10, 48)
    alerts = Alerts(lambda: world.settings, world.database, lambda: TUESDAY_10)
    made = [alerts._compose(row) for row in world.ledger.unsettled(MONDAY, 10)]
    opening, closing = (each for each in made if isinstance(each, Message))
    assert (opening.event, closing.event) == (Event.OPEN, Event.CLOSE)
    assert opening.title == "Abnormally rare: Order"
    assert "against" in opening.text
    assert "Owner: Checkout" in opening.text
    assert closing.title == "As usual again: Order"
    assert opening.thread == closing.thread
