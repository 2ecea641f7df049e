"""The collector's doors: who is let in, what is taken, and what is said to the others."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from probes.delivery import Delivery
from probes.heartbeat import Call, Ping
from probes.monitor import Monitor
from probes.outcome import Outcome
from probes.request import Auth
from probes.result import CheckResult
from rum.collector import now_us
from tests.support.distance import SECRET, Doors, doors
from vigie.distant.tokens import heartbeat_token, new_location_token, token_sha256
from vigie.settings import LocationSettings, Settings

TOKEN = new_location_token()
OTHER_TOKEN = new_location_token()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Doors]:
    settings = Settings(
        locations=(
            LocationSettings(name="paris", token_sha256=token_sha256(TOKEN)),
            LocationSettings(name="oslo", token_sha256=token_sha256(OTHER_TOKEN)),
        ),
        monitors=(
            Monitor(
                id="all",
                url="http://a.test",
                auth=Auth(kind="bearer", secret_env="SHOP_TOKEN"),
            ),
            Monitor(id="far", url="http://b.test", locations=("paris",)),
            Monitor(id="near", url="http://c.test", locations=("local",)),
            Monitor(id="backup", kind="heartbeat", period_s=3600),
        ),
    )
    with doors(tmp_path, settings) as opened:
        yield opened


def result(number: int, location: str = "paris") -> CheckResult:
    return CheckResult(
        monitor="all",
        location=location,
        due_us=number,
        started_us=number,
        outcome=Outcome.OK,
        interval_ms=1000,
        timeout_ms=500,
    )


def delivery(**more: object) -> Delivery:
    whole = Delivery(
        location="paris",
        spool="ab/probe-1.journal",
        start=0,
        positions=(100, 200),
        records=(result(1), result(2)),
    )
    return replace(whole, **more)


def post(opened: Doors, body: bytes, token: str = TOKEN) -> httpx.Response:
    return httpx.post(
        f"{opened.base}/probes/v1/results",
        content=body,
        headers={"authorization": f"Bearer {token}"},
        timeout=60,
    )


def ask(opened: Doors, location: str = "paris", **headers: str) -> httpx.Response:
    return httpx.get(
        f"{opened.base}/probes/v1/monitors",
        params={"location": location},
        headers={"authorization": f"Bearer {TOKEN}"} | headers,
        timeout=60,
    )


def test_a_location_learns_its_own_monitors_and_secrets_only_by_name(opened: Doors) -> None:
    answer = ask(opened)
    listed = answer.json()["monitors"]
    assert [each["id"] for each in listed] == ["all", "far"]
    assert listed[0]["auth"]["secret_env"] == "SHOP_TOKEN"
    again = ask(opened, **{"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    opened.settings.append(replace(opened.settings[0], monitors=()))
    changed = ask(opened, **{"if-none-match": answer.headers["etag"]})
    assert changed.json()["monitors"] == []


def test_the_answer_says_what_time_it_is(opened: Doors) -> None:
    before_us = now_us()
    answer = ask(opened)
    received_us = int(answer.headers["vigie-received-us"])
    assert before_us <= received_us <= int(answer.headers["vigie-sent-us"]) <= now_us()


def test_who_has_no_token_is_turned_away_in_clear_words(opened: Doors) -> None:
    body = msgspec.msgpack.encode(delivery())
    for answer in (
        httpx.get(f"{opened.base}/probes/v1/monitors", params={"location": "paris"}, timeout=60),
        ask(opened, authorization="Bearer vigie-wrong"),
        ask(opened, authorization=f"Basic {TOKEN}"),
        post(opened, body, "vigie-wrong"),
        post(opened, b"x" * 900_000, "wrong"),
    ):
        assert answer.status_code == 401
        assert "this token is of no location" in answer.json()["error"]["detail"]
    assert opened.records() == []
    wrong = ask(opened, "oslo")
    assert wrong.status_code == 403
    assert "of location 'paris', not of 'oslo'" in wrong.json()["error"]["detail"]


def test_a_delivery_is_in_the_journal_before_it_is_answered(opened: Doors) -> None:
    answer = post(opened, msgspec.msgpack.encode(delivery(received_us=5)))
    assert (answer.status_code, answer.json()) == (200, {"taken": 2})
    (kept,) = opened.records()
    assert isinstance(kept, Delivery)
    assert kept.records == (result(1), result(2))
    assert abs(kept.received_us - now_us()) < 60_000_000


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"\xc1 no msgpack", "not a delivery"),
        (msgspec.msgpack.encode(result(1)), "not a delivery"),
        (delivery(location="oslo"), "the token is of 'paris'"),
        (delivery(records=(result(1), result(2, "oslo"))), "a record is of location 'oslo'"),
        (delivery(positions=(100,)), "a position for each record"),
        (delivery(positions=(200, 100)), "ascend"),
        (delivery(start=100), "ascend"),
        (delivery(positions=(100, 2**63)), "bytes of a file"),
        (delivery(positions=(), records=()), "1 to 5000 records"),
        (delivery(spool=""), "1 to 200 characters"),
    ],
)
def test_what_is_no_delivery_of_the_location_is_refused(
    opened: Doors, body: bytes | Delivery, words: str
) -> None:
    answer = post(opened, body if isinstance(body, bytes) else msgspec.msgpack.encode(body))
    assert answer.status_code == 400
    assert words in answer.json()["error"]["detail"]
    assert opened.records() == []


def test_a_delivery_that_is_too_large_is_refused(opened: Doors) -> None:
    assert post(opened, b"x" * (1024 * 1024 + 1)).status_code == 413


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_call_is_in_the_journal_before_it_is_answered(opened: Doors, method: str) -> None:
    address = f"{opened.base}/heartbeat/v1/{heartbeat_token(SECRET, 'backup')}"
    body = b"the job's output" if method == "POST" else None
    assert httpx.request(method, address, content=body, timeout=60).status_code == 200
    (ping,) = opened.records()
    assert isinstance(ping, Ping)
    assert (ping.monitor, ping.call) == ("backup", Call.DONE)
    assert abs(ping.received_us - now_us()) < 60_000_000


def test_a_job_may_say_that_it_began_or_failed(opened: Doors) -> None:
    address = f"{opened.base}/heartbeat/v1/{heartbeat_token(SECRET, 'backup')}"
    statuses = [
        httpx.get(f"{address}{end}", timeout=60).status_code for end in ("/start", "/fail", "/stop")
    ]
    assert statuses == [200, 200, 404]
    assert [each.call for each in opened.records() if isinstance(each, Ping)] == [
        Call.STARTED,
        Call.FAILED,
    ]


def test_an_address_of_no_heartbeat_monitor_is_not_found(opened: Doors) -> None:
    for monitor in ("all", "other"):
        token = heartbeat_token(SECRET, monitor)
        assert httpx.get(f"{opened.base}/heartbeat/v1/{token}", timeout=60).status_code == 404
    assert opened.records() == []


def test_a_job_that_calls_without_pause_does_not_fill_the_journal(opened: Doors) -> None:
    address = f"{opened.base}/heartbeat/v1/{heartbeat_token(SECRET, 'backup')}"
    begun_us = now_us()
    with httpx.Client(timeout=60) as client:
        for _ in range(50):
            assert client.get(address).status_code == 200
    assert len(opened.records()) <= 1 + (now_us() - begun_us) / 500_000
