"""Webhook, PagerDuty and chat against real servers: what is sent, and what each answer means."""

import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.alerts import channel, message
from tests.support.ports import free_port
from tests.support.receivers import Answer, http_receiver, pagerduty
from vigie.alerts.delivery import Result
from vigie.alerts.http_post import retry_after_s
from vigie.alerts.message import Event, trial_message
from vigie.alerts.transports import deliver
from vigie.settings import ChannelSettings

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
KEY = "0123456789abcdef0123456789abcdef"
SECRET = "webhook-secret"


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIGIE_TEST_SECRET", SECRET)
    monkeypatch.setenv("VIGIE_TEST_KEY", KEY)


def webhook(url: str) -> ChannelSettings:
    return channel("webhook", url=url, secret_env="VIGIE_TEST_SECRET")


def pager(url: str) -> ChannelSettings:
    return channel("pagerduty", url=url, routing_key_env="VIGIE_TEST_KEY")


def test_a_webhook_is_signed_and_its_repeat_has_the_same_key_and_body() -> None:
    with http_receiver() as receiver:
        for _ in range(2):
            assert deliver(webhook(receiver.url), message()).result is Result.SENT
        deliver(webhook(receiver.url), message(Event.CLOSE))
    first, again, closing = receiver.requests
    signed = first.headers["vigie-timestamp"].encode() + b"." + first.body
    assert (
        first.headers["vigie-signature"]
        == "v1=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    )
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"]
    assert first.headers["idempotency-key"] != closing.headers["idempotency-key"]
    assert first.body == again.body
    body = first.json()
    assert (body["version"], body["event"], body["link"]) == (
        1,
        "open",
        "https://vigie.test/monitors/home",
    )
    assert body["incident"]["locations"] == ["local", "paris"]
    assert body["incident"]["start"] == "2026-11-21T14:00:00Z"
    assert closing.json()["incident"]["end"] == "2026-11-21T14:12:30Z"


@pytest.mark.parametrize(
    ("answer", "result", "after_s"),
    [
        ((204, {}, ""), Result.SENT, None),
        ((302, {"location": "/other"}, ""), Result.REFUSED, None),
        ((400, {}, {"error": f"bad, {SECRET}"}), Result.REFUSED, None),
        ((404, {}, ""), Result.REFUSED, None),
        ((408, {}, ""), Result.RETRY, None),
        ((429, {"retry-after": "17"}, ""), Result.RETRY, 17.0),
        ((500, {}, ""), Result.RETRY, None),
        ((503, {"retry-after": "3"}, ""), Result.RETRY, 3.0),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else None,
)
def test_an_answer_says_whether_trying_again_can_help(
    answer: Answer, result: Result, after_s: float | None
) -> None:
    with http_receiver(answer) as receiver:
        delivery = deliver(webhook(receiver.url), message())
    assert len(receiver.requests) == 1
    assert (delivery.result, delivery.retry_after_s) == (result, after_s)
    assert str(answer[0]) in delivery.said
    assert SECRET not in delivery.said


def test_nobody_there_is_worth_another_try() -> None:
    delivery = deliver(webhook(f"http://127.0.0.1:{free_port()}/"), message())
    assert delivery.result is Result.RETRY
    assert "refused" in delivery.said


def test_retry_after_is_a_number_or_a_date_and_never_longer_than_an_hour() -> None:
    assert retry_after_s("30") == 30.0
    assert retry_after_s("Sat, 21 Nov 2026 14:02:00 GMT", NOW) == 120.0
    assert retry_after_s("Sat, 21 Nov 2026 13:00:00 GMT", NOW) == 0.0
    assert retry_after_s("999999") == 3600.0
    assert retry_after_s("soon") is None
    assert retry_after_s("nan") is None


def test_pagerduty_takes_an_opening_and_its_closing_under_one_key() -> None:
    with pagerduty() as receiver:
        assert deliver(pager(receiver.url), message()).said.startswith("answered 202")
        assert deliver(pager(receiver.url), message(Event.CLOSE)).result is Result.SENT
    trigger, resolve = (request.json() for request in receiver.requests)
    assert (trigger["event_action"], resolve["event_action"]) == ("trigger", "resolve")
    assert trigger["dedup_key"] == resolve["dedup_key"] == "vigie/home@20261121T140000Z"
    assert trigger["payload"]["severity"] == "critical"
    assert trigger["payload"]["timestamp"] == "2026-11-21T14:00:00+00:00"
    assert trigger["links"][0]["href"] == "https://vigie.test/monitors/home"


def test_pagerduty_refuses_a_wrong_routing_key_for_good_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VIGIE_TEST_KEY", "short-key")
    with pagerduty() as receiver:
        delivery = deliver(pager(receiver.url), message())
    assert delivery.result is Result.REFUSED
    assert "should be 32 characters" in delivery.said


def test_pagerdutys_rate_limit_and_faults_are_waited_out() -> None:
    with pagerduty((429, {"retry-after": "9"}, {}), (502, {}, {})) as receiver:
        limited = deliver(pager(receiver.url), message())
        faulty = deliver(pager(receiver.url), message())
        taken = deliver(pager(receiver.url), message())
    assert (limited.result, limited.retry_after_s) == (Result.RETRY, 9.0)
    assert faulty.result is Result.RETRY
    assert taken.result is Result.SENT
    assert len({request.json()["dedup_key"] for request in receiver.requests}) == 1


def test_a_test_on_pagerduty_wakes_nobody_and_is_resolved_at_once() -> None:
    with pagerduty() as receiver:
        assert deliver(pager(receiver.url), trial_message("c", NOW, "")).result is Result.SENT
    trigger, resolve = (request.json() for request in receiver.requests)
    assert trigger["payload"]["severity"] == "info"
    assert resolve["event_action"] == "resolve"
    assert trigger["dedup_key"] == resolve["dedup_key"]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # of apprise's own
def test_chat_goes_through_apprise_whose_address_stays_a_secret(tmp_path: Path) -> None:
    file = tmp_path / "room"
    room = channel("chat", url_file=str(file))
    with http_receiver((500, {}, "")) as receiver:
        file.write_text(receiver.url.replace("http://", "json://user:hidden@") + "\n")
        failed = deliver(room, message())
        taken = deliver(room, message())
    assert failed.result is Result.RETRY
    assert "hidden" not in failed.said
    assert taken.result is Result.SENT
    assert [request.json()["title"] for request in receiver.requests] == ["Down: Home page"] * 2
    file.write_text("nosuchscheme://x")
    assert deliver(room, message()).result is Result.REFUSED


def test_a_secret_that_is_not_there_is_named_and_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("VIGIE_TEST_SECRET")
    delivery = deliver(webhook("http://127.0.0.1:1/"), message())
    assert (delivery.result, delivery.said) == (
        Result.RETRY,
        "the environment variable VIGIE_TEST_SECRET is not set",
    )
    delivery = deliver(channel("chat", url_file=str(tmp_path / "gone")), message())
    assert delivery.result is Result.RETRY
    assert "cannot be read" in delivery.said
