"""Errors that are new or came back are told to their owner's channels: once, not in floods."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from store.database import Database
from store.error_groups import note_errors, resolve
from store.loader import Loader
from tests.store.test_error_groups import errors
from tests.support.alerts import NOW
from tests.support.stored import Journal, Maker, load_all
from vigie.alerts.error_news import TOLD_MAX, WAIT, ErrorNews, is_error, parsed, settle
from vigie.alerts.error_watch import ErrorWatch
from vigie.alerts.ledger import Ledger
from vigie.alerts.message import Event
from vigie.alerts.pagerduty import event_of
from vigie.alerts.webhook import body_of
from vigie.settings import ChannelSettings, OwnerSettings, Settings, SiteSettings

SETTINGS = Settings(
    sites=(SiteSettings(id="shop", key="k", origins=("https://shop.test",), name="The shop"),),
    channels=(ChannelSettings(id="room", kind="webhook", url="http://127.0.0.1:1/"),),
    owners=(
        OwnerSettings(team="Cart", pages=("/a",), channels=("room",), alert=True, alert_sessions=3),
        OwnerSettings(team="Quiet", pages=("/quiet",)),
    ),
)


def news(number: int = 0, **changes: Any) -> ErrorNews:
    values: dict[str, Any] = {
        "site": "shop",
        "fingerprint": f"{number:016x}",
        "what": "new",
        "noticed_at": NOW,
        "name": "TypeError",
        "message": "x",
        "culprit": "f (/app.js)",
        "page": "/a",
        "release": "2",
        "first_seen": NOW,
        "sessions": 3,
    }
    return ErrorNews(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "after", "told"),
    [
        ({}, timedelta(0), [("room",)]),
        ({"sessions": 2}, timedelta(0), []),
        ({"sessions": 2}, WAIT, [()]),
        ({"page": "/quiet"}, timedelta(0), [()]),
        ({"page": "/nobody"}, timedelta(0), [()]),
    ],
)
def test_who_is_told_is_a_matter_of_owner_and_sessions(
    changes: dict[str, Any], after: timedelta, told: list[tuple[str, ...]]
) -> None:
    settled = settle([news(**changes)], SETTINGS, {}, NOW + after)
    assert [each.channels for each in settled] == told


def test_a_flood_is_told_in_part_and_the_rest_waits() -> None:
    flood = [news(number) for number in range(TOLD_MAX + 5)]
    assert len(settle(flood, SETTINGS, {}, NOW)) == TOLD_MAX
    assert len(settle(flood, SETTINGS, {"room": TOLD_MAX - 1}, NOW)) == 1
    late = settle(flood, SETTINGS, {"room": TOLD_MAX}, NOW + WAIT)
    assert {each.channels for each in late} == {()}


def test_news_is_known_again_by_its_id() -> None:
    each = news(7, what="regressed", site="a/b:c@d")
    assert is_error(each.id)
    assert parsed(each.id) == ("regressed", "a/b:c@d", f"{7:016x}", NOW)
    assert parsed("home@20261121T140000Z") is None


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "store")
    yield opened
    opened.close()


def test_each_group_owes_one_message_and_one_more_when_it_is_back(
    database: Database, tmp_path: Path
) -> None:
    make, journal = Maker(), Journal(tmp_path / "journal")
    journal.folder.mkdir()
    loader, ledger = Loader(database, journal.folder), Ledger(database)
    watch = ErrorWatch(database, ledger, lambda: SETTINGS)

    def met(minute: int, sessions: int, message: str = "no price") -> str:
        at = NOW + timedelta(minutes=minute)
        journal.write(
            *(errors(make.session(), at, message=message, release="2") for _ in range(sessions))
        )
        load_all(loader, at)
        note_errors(database, at)
        return watch.look(at)

    met(0, 1, "an old one, which is no news")
    assert met(1, 2) == ""
    assert met(2, 1) == "errors: 1 to be told, 0 not"
    assert met(3, 5) == ""
    row = ledger.next_due("room", NOW + timedelta(minutes=9))
    assert row is not None
    assert row.event is Event.WARN
    message = watch.compose(row)
    assert message is not None
    assert message.title == "New error: TypeError on /a"
    assert "Thrown in: renderCard (/assets/app.js)" in message.lines
    assert "Owner: Cart" in message.lines
    assert b'"event":"warn"' in body_of(message)
    assert event_of(message, "trigger", "key")["payload"]["severity"] == "warning"
    assert ledger.claim(row)
    assert ledger.mark_sent(row.key, NOW)
    resolve(database, "shop", row.incident.split("/")[1][:16], NOW + timedelta(minutes=4))
    assert met(5, 3) == "errors: 1 to be told, 0 not"
    back = ledger.next_due("room", NOW + timedelta(minutes=9))
    assert back is not None
    message = watch.compose(back)
    assert message is not None
    assert message.title == "Error is back: TypeError on /a"
    assert message.thread != row.incident
