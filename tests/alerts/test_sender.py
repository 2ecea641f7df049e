"""A channel's sender: oldest first, again when it can help, given up visibly, marked sent after."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from store.database import Database
from tests.support.alerts import NOW, incident_row
from tests.support.receivers import HttpReceiver, http_receiver
from vigie.alerts.ledger import Change, Ledger
from vigie.alerts.message import Message, incident_message
from vigie.alerts.outbox import OutboxRow
from vigie.alerts.sender import Sender, back_off_s
from vigie.alerts.transports import deliver
from vigie.settings import ChannelSettings

END = NOW + timedelta(minutes=5)


class Office:
    """A sender of one webhook over a real store, with a clock of its own."""

    def __init__(self, database: Database, receiver: HttpReceiver) -> None:
        self.now = NOW
        self.ledger = Ledger(database)
        self.receiver = receiver
        channel = ChannelSettings(id="hook", kind="webhook", url=receiver.url, secret_env="HOOK")
        self.sender = Sender(
            channel, self.ledger, self.compose, deliver, lambda: self.now, timedelta(hours=1)
        )

    def compose(self, row: OutboxRow) -> Message | None:
        incident = self.ledger.incident(row.incident)
        if incident is None:
            return None
        return incident_message(
            incident, row.event, key=row.key, at=row.created_at, monitor=None, console_url=""
        )

    def opens(self, monitor: str, at: datetime = NOW) -> None:
        row = incident_row(id=f"{monitor}@1", monitor=monitor)
        self.ledger.write([Change(row=row, new=True, tell=("hook",))], at)

    def closes(self, monitor: str, at: datetime = END) -> None:
        row = incident_row(id=f"{monitor}@1", monitor=monitor, end=END)
        self.ledger.write([Change(row=row, new=False, close=True)], at)

    def until_idle(self, minute: float) -> list[str]:
        """What the receiver was told by then: "home open"."""
        self.now = NOW + timedelta(minutes=minute)
        before = len(self.receiver.requests)
        while self.sender.step():
            pass
        bodies = [request.json() for request in self.receiver.requests[before:]]
        return [f"{body['incident']['monitor']} {body['event']}" for body in bodies]

    def states(self) -> dict[str, str]:
        rows = self.ledger.unsettled(NOW - timedelta(days=1), 100)
        return {row.key: f"{row.state.value}: {row.error}" for row in rows}


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def office(
    tmp_path: Path, receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    monkeypatch.setenv("HOOK", "secret")
    database = Database(tmp_path)
    yield Office(database, receiver)
    database.close()


def test_messages_go_oldest_first_and_once(office: Office) -> None:
    office.opens("b", NOW)
    office.opens("a", NOW + timedelta(seconds=1))
    office.closes("b")
    assert office.until_idle(6) == ["b open", "a open", "b close"]
    assert office.until_idle(60) == []
    assert office.states() == {}


def test_writing_the_same_change_twice_owes_one_message(office: Office) -> None:
    for _ in range(2):
        office.opens("a")
    for _ in range(2):
        office.closes("a")
    assert office.until_idle(6) == ["a open", "a close"]


def test_a_fault_is_waited_out_longer_each_time_and_no_closing_overtakes(
    office: Office, receiver: HttpReceiver
) -> None:
    receiver.script = [(503, {}, ""), (503, {}, "")]
    office.opens("a")
    assert office.until_idle(0) == ["a open"]
    assert office.until_idle(0.05) == [], "not before 5 s"
    office.closes("a", NOW + timedelta(seconds=5))
    assert office.until_idle(0.09) == ["a open"]
    assert office.until_idle(0.2) == [], "the closing waits for its opening"
    assert office.until_idle(0.3) == ["a open", "a close"]
    keys = [request.headers["idempotency-key"] for request in receiver.requests]
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]


def test_as_late_as_the_receiver_asks(office: Office, receiver: HttpReceiver) -> None:
    receiver.script = [(429, {"retry-after": "120"}, "")]
    office.opens("a")
    assert office.until_idle(0) == ["a open"]
    assert office.until_idle(1.9) == []
    assert office.until_idle(2.1) == ["a open"]


def test_a_refusal_is_given_up_at_once_and_its_closing_dropped(
    office: Office, receiver: HttpReceiver
) -> None:
    receiver.script = [(404, {}, "")]
    office.opens("a")
    office.closes("a")
    office.opens("b")
    assert office.until_idle(6) == ["a open", "b open"]
    assert office.states() == {"a@1/hook/open": 'failed: answered 404 Not Found: ""'}
    assert office.ledger.troubled(office.now, timedelta(minutes=5)) == 1


def test_what_cannot_be_delivered_in_time_is_given_up_and_shown(
    office: Office, receiver: HttpReceiver
) -> None:
    receiver.script = [(500, {}, "")] * 40
    office.opens("a")
    minute = 0.0
    while not office.states().get("a@1/hook/open", "").startswith("failed"):
        office.until_idle(minute)
        minute += 1
        assert minute < 90
    assert 8 <= len(receiver.requests) <= 14
    assert minute <= 62


def test_what_a_crash_left_in_sending_is_due_again(office: Office) -> None:
    office.opens("a")
    row = office.ledger.next_due("hook", NOW)
    assert row
    assert office.ledger.claim(row)
    assert not office.ledger.claim(row), "only one may have it"
    assert office.until_idle(1) == []
    office.ledger.release(["hook"])
    assert office.until_idle(1) == ["a open"]


def test_what_is_owed_to_a_channel_that_is_gone_fails_visibly(office: Office) -> None:
    office.opens("a")
    office.ledger.release(["another"])
    assert office.until_idle(1) == []
    assert office.states() == {"a@1/hook/open": "failed: the channel is not in the settings"}


def test_incidents_past_their_term_go_with_their_messages(office: Office) -> None:
    office.opens("a")
    office.closes("a")
    office.opens("b")
    office.until_idle(6)
    assert office.ledger.retire(END) == 0
    assert office.ledger.retire(END + timedelta(seconds=1)) == 1
    assert office.ledger.incident("a@1") is None
    assert office.ledger.incident("b@1")
    assert office.ledger.tallies(NOW)["hook"].sent == 1


def test_the_wait_grows_to_a_quarter_of_an_hour() -> None:
    assert [back_off_s(attempts, None) for attempts in (0, 1, 2, 7, 8, 500)] == [
        *(5, 10, 20, 640, 900, 900)
    ]
    assert back_off_s(0, 3600.0) == 3600
    assert back_off_s(3, 1.0) == 40
