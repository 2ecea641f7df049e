"""Each wrong beacon has its answer and its reason; one bad event does not cost its batch."""

import json
import time
from typing import Any

import pytest

from rum.limits import Limits
from rum.records import Reason
from rum.site import Site
from tests.support.collector import SITE, Collect, beacon, view

HOUR_MS = 3_600_000

WHOLE: dict[str, tuple[bytes | dict[str, Any], int, Reason]] = {
    "not JSON": (b'{"v":1,', 400, Reason.MALFORMED),
    "nothing": (b"", 400, Reason.MALFORMED),
    "an array": (b"[]", 400, Reason.MALFORMED),
    "not UTF-8": (b'{"v":1,"site":"\xff"}', 400, Reason.MALFORMED),
    "nested deep": (b'{"v":1,"x":' + b"[" * 30_000, 400, Reason.MALFORMED),
    "a site that is a number": (beacon(site=7), 400, Reason.MALFORMED),
    "no events": (beacon(events=[]), 400, Reason.MALFORMED),
    "no time of sending": (beacon(sent=None), 400, Reason.MALFORMED),
    "a time of sending before 1970": (beacon(sent=-5), 400, Reason.MALFORMED),
    "no version": (b'{"site":"shop-key-0123456789"}', 400, Reason.UNSUPPORTED_VERSION),
    "a later version": (beacon(v=2), 400, Reason.UNSUPPORTED_VERSION),
    "a later version's types": (beacon(v=2, events={}), 400, Reason.UNSUPPORTED_VERSION),
    "a key nobody has": (beacon(site="nobody"), 403, Reason.UNKNOWN_SITE),
    "a short session": (beacon(session="abc"), 400, Reason.INVALID_SESSION),
    "an upper-case session": (beacon(session="A" * 32), 400, Reason.INVALID_SESSION),
    "a negative batch": (beacon(batch=-1), 400, Reason.INVALID_BATCH),
    "a batch beyond 52 bits": (beacon(batch=2**52), 400, Reason.INVALID_BATCH),
    "a batch beyond 64 bits": (beacon(batch=10**40), 400, Reason.INVALID_BATCH),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_wrong_beacon_is_answered_and_counted_with_its_reason(
    name: str, collect: Collect
) -> None:
    sent, status, reason = WHOLE[name]
    with collect() as collecting:
        answer = collecting.post(sent if isinstance(sent, bytes) else json.dumps(sent).encode())
        assert answer.status_code == status, answer.text
        error = answer.json()["error"]
        assert error["reason"] == reason
        assert len(error["detail"]) > 10
        assert collecting.post(json.dumps(beacon()).encode()).status_code == 204
    (refusal,) = collecting.refusals()
    assert (refusal.reason, refusal.count) == (reason, 1)
    assert len(collecting.batches()) == 1


BAD_EVENTS: dict[str, tuple[dict[str, Any], Reason]] = {
    "a kind nobody knows": ({"kind": "nonsense"}, Reason.UNKNOWN_KIND),
    "no kind": ({}, Reason.UNKNOWN_KIND),
    "a kind that is a number": (view(kind=3), Reason.INVALID_EVENT),
    "a time that is text": (view(at="noon"), Reason.INVALID_EVENT),
    "no time": (view(at=None), Reason.INVALID_EVENT),
    "a time after the year 9999": (view(at=1e17), Reason.INVALID_EVENT),
    "a view that is negative": (view(view=-1), Reason.INVALID_EVENT),
    "no page": (view(""), Reason.INVALID_EVENT),
    "a page of control characters": (view("\x00\x1b"), Reason.INVALID_EVENT),
    "a page of blanks": (view(" "), Reason.INVALID_EVENT),
    "an event without a name": (view(kind="event"), Reason.INVALID_EVENT),
    "an event named by NUL": (view(kind="event", name="\x00"), Reason.INVALID_EVENT),
    "vitals without any": (view(kind="vitals"), Reason.INVALID_EVENT),
    "a vital that is negative": (view(kind="vitals", lcp=-1), Reason.INVALID_EVENT),
    "an attribute that is a list": (
        view(kind="event", name="a", attributes={"x": [1]}),
        Reason.INVALID_EVENT,
    ),
    "too old": (view(at=time.time() * 1000 - 25 * HOUR_MS), Reason.TOO_OLD),
}


@pytest.mark.parametrize("name", BAD_EVENTS)
def test_a_bad_event_is_refused_and_the_others_are_kept(name: str, collect: Collect) -> None:
    bad, reason = BAD_EVENTS[name]
    with collect() as collecting:
        body = json.dumps(beacon(view("/first"), bad, view("/last"))).encode()
        assert collecting.post(body).status_code == 204
    (batch,) = collecting.batches()
    assert [(event.position, event.page) for event in batch.events] == [(0, "/first"), (2, "/last")]
    (refusal,) = collecting.refusals()
    assert (refusal.reason, refusal.site, refusal.count) == (reason, "shop", 1)
    assert "event 1" in refusal.detail


def test_events_over_the_limit_are_refused_and_the_first_are_kept(collect: Collect) -> None:
    with collect(Limits(events_max=3)) as collecting:
        body = json.dumps(beacon(*(view(f"/p{letter}") for letter in "abcde"))).encode()
        assert collecting.post(body).status_code == 204
    assert [event.page for event in collecting.batches()[0].events] == ["/pa", "/pb", "/pc"]
    (refusal,) = collecting.refusals()
    assert (refusal.reason, refusal.count) == (Reason.TOO_MANY_EVENTS, 2)


def test_a_beacon_of_only_bad_events_is_taken_and_leaves_no_batch(collect: Collect) -> None:
    with collect() as collecting:
        assert collecting.post(json.dumps(beacon({"kind": "no"})).encode()).status_code == 204
    assert collecting.batches() == []
    assert [refusal.reason for refusal in collecting.refusals()] == [Reason.UNKNOWN_KIND]


def test_a_level_the_site_does_not_have_is_left_out_and_counted(collect: Collect) -> None:
    with collect() as collecting:
        assert collecting.post(json.dumps(beacon(level="wizard")).encode()).status_code == 204
    assert collecting.batches()[0].level == ""
    (refusal,) = collecting.refusals()
    assert refusal.reason is Reason.UNKNOWN_LEVEL
    assert "wizard" in refusal.detail
    assert "novice, expert" in refusal.detail


def test_a_body_over_the_limit_is_refused_by_its_length_and_by_its_bytes(collect: Collect) -> None:
    big = b"x" * 200_000
    with collect() as collecting:
        declared = collecting.post(big)
        assert declared.status_code == 413
        assert declared.json()["error"]["reason"] == "body_too_large"
        assert declared.headers["connection"] == "close"
        with collecting.client() as client:
            chunked = client.post(
                f"{collecting.base}/rum/v1/beacon",
                content=(big[start : start + 10_000] for start in range(0, len(big), 10_000)),
            )
        assert chunked.status_code == 413
    assert [refusal.reason for refusal in collecting.refusals()] == [Reason.BODY_TOO_LARGE] * 2


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://shop.test", 204),
        ("https://www.shop.test", 204),
        ("https://a.b.shop.test", 204),
        ("http://shop.test", 403),
        ("https://shop.test:8443", 403),
        ("https://shop.test.evil.test", 403),
        ("https://evilshop.test", 403),
        ("https://evil.test/.shop.test", 403),
        ("null", 403),
    ],
)
def test_only_the_sites_origins_may_send_and_others_can_read_that_they_may_not(
    origin: str, status: int, collect: Collect
) -> None:
    with collect() as collecting:
        answer = collecting.post(json.dumps(beacon()).encode(), origin=origin)
    assert answer.status_code == status
    allowed = answer.headers.get("access-control-allow-origin")
    assert allowed == (origin if status == 204 else "*")
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["vary"] == "origin"
    if status == 403:
        assert answer.json()["error"]["reason"] == "origin_not_allowed"


def test_without_an_origin_only_a_page_of_the_same_origin_may_send(collect: Collect) -> None:
    body = json.dumps(beacon()).encode()
    with collect() as collecting, collecting.client() as client:
        url = f"{collecting.base}/rum/v1/beacon"
        assert client.post(url, content=body).status_code == 403
        same = client.post(url, content=body, headers={"sec-fetch-site": "same-origin"})
        assert same.status_code == 204


def test_a_site_that_lists_no_origins_takes_them_all(collect: Collect) -> None:
    anyone = Site(id="open", key=SITE.key)
    with collect(sites=(anyone,)) as collecting, collecting.client() as client:
        url = f"{collecting.base}/rum/v1/beacon"
        assert client.post(url, content=json.dumps(beacon()).encode()).status_code == 204


def test_a_preflight_is_answered_to_known_origins_only(collect: Collect) -> None:
    with collect() as collecting, collecting.client() as client:
        url = f"{collecting.base}/rum/v1/beacon"
        known = client.options(url, headers={"origin": "https://shop.test"})
        stranger = client.options(url, headers={"origin": "https://evil.test"})
    assert known.headers["access-control-allow-origin"] == "https://shop.test"
    assert known.headers["access-control-allow-methods"] == "POST"
    assert "access-control-allow-origin" not in stranger.headers


def test_control_characters_are_written_nowhere(collect: Collect) -> None:
    hostile = "\x00a\x1b[31m\x9b\r\x07"
    attributes = {"\x00": "a", "k\x00": hostile, "b": "\x1b"}
    sent = beacon(
        view("/p\x1b\r"),
        view(kind="event", name=hostile, attributes=attributes),
        view(kind="error", name=hostile, message=hostile, stack="one\n\tat two\x1b"),
        release=hostile,
        segments=attributes,
    )
    with collect() as collecting:
        assert collecting.post(json.dumps(sent).encode()).status_code == 204
        assert collecting.post(b'{"\x1b\x00').status_code == 400
    (batch,) = collecting.batches()
    seen, event, error = batch.events
    assert (seen.page, event.name, error.stack) == ("/p", "a[31m", "one\n\tat two")
    assert event.attributes == batch.segments == {"k": "a[31m"}
    assert batch.release == error.name == error.message == "a[31m"
    (refusal,) = collecting.refusals()
    assert refusal.part == '{"\ufffd\ufffd'
