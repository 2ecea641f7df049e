"""Messages are plain, say what is known and how well, and give no secret away."""

from datetime import timedelta

from tests.support.alerts import NOW, incident_row, message
from vigie.alerts.message import Event, incident_message, trial_message


def test_an_opening_says_what_since_when_how_and_from_where() -> None:
    opening = message()
    assert opening.title == "Down: Home page"
    assert opening.text.splitlines() == [
        "Home page is down.",
        "Since: 21 Nov 2026, 14:00:00 UTC, or up to 1 min before",
        "How it fails: Wrong status (503, expected 200-299)",
        "Seen from: local, paris",
        "Address: https://shop.test/a",
        "Incident: home@20261121T140000Z",
        "https://vigie.test/monitors/home",
    ]


def test_a_closing_says_how_long_and_whether_that_was_observed() -> None:
    closing = message(Event.CLOSE)
    assert closing.title == "Up again: Home page"
    assert closing.thread == message().thread
    assert "Home page is up again, after 12 min 30 s." in closing.lines
    assert "Observed all the time" in closing.lines
    partly = message(Event.CLOSE, down_s=300.0)
    assert "Seen down: 5 min; the rest was not observed" in partly.lines


def test_an_outage_that_is_none_any_more_is_not_called_up_again() -> None:
    closing = message(Event.CLOSE, withdrawn=True)
    assert closing.title == "No outage: Home page"


def test_the_end_of_watching_is_not_called_up_again() -> None:
    row = incident_row(end=NOW + timedelta(minutes=3))
    closing = incident_message(row, Event.CLOSE, key="k", at=NOW, monitor=None, console_url="")
    assert closing.title == "Watched no longer: home"
    assert "up again" not in closing.text


def test_our_own_network_is_named_as_such() -> None:
    row = incident_row(
        id="own-network.local@20261121T140000Z",
        monitor="own-network.local",
        end=NOW + timedelta(minutes=3),
        outcome="own_network",
        detail="failing there: home",
    )
    opening, closing = (
        incident_message(row, event, key="k", at=NOW, monitor=None, console_url="")
        for event in (Event.OPEN, Event.CLOSE)
    )
    assert opening.title == "Our own network: local"
    assert "not told" in opening.text
    assert closing.title == "Our own network is back: local"
    assert "3 min" in closing.text


def test_a_test_message_cannot_be_taken_for_an_outage() -> None:
    trial = trial_message("ops", NOW, "")
    assert trial.title.startswith("Test: ")
    assert "Nothing is down" in trial.text
    assert trial.key != trial_message("ops", NOW + timedelta(microseconds=1), "").key
