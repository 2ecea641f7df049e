"""So many beacons and new sessions in a time: of a site, of an address, in bounded memory."""

import json
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from rum.guard import Guard
from rum.intake import Accepted, BeaconRequest, Intake, Rejected
from rum.limits import Limits
from rum.rate_limit import BURST_S, RecentlySeen, TokenBuckets
from tests.support.collector import ORIGIN, SITE, Collect, beacon, view
from tests.support.recordings import chunk, session_at

SECOND_US = 1_000_000
NOW_US = 1_800_000_000_000_000


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    buckets = TokenBuckets(2.0)
    for _ in range(int(2 * BURST_S)):
        assert buckets.wait_s("a", NOW_US) == 0
        buckets.take("a", NOW_US)
    assert buckets.wait_s("a", NOW_US) == pytest.approx(0.5)
    assert buckets.wait_s("b", NOW_US) == 0
    assert buckets.wait_s("a", NOW_US + SECOND_US // 2) == 0
    buckets.take("a", NOW_US + SECOND_US // 2)
    assert buckets.wait_s("a", NOW_US - SECOND_US) == pytest.approx(0.5)  # a clock set back
    assert buckets.wait_s("a", NOW_US + 3_600 * SECOND_US) == 0


def test_no_rate_is_no_limit() -> None:
    buckets = TokenBuckets(0.0)
    for _ in range(10_000):
        buckets.take("a", NOW_US)
    assert buckets.wait_s("a", NOW_US) == 0
    assert len(buckets) == 0


def test_memory_is_bounded_and_who_keeps_sending_is_not_forgotten() -> None:
    buckets, seen = TokenBuckets(1.0, keys_max=100), RecentlySeen(100)
    for _ in range(int(BURST_S)):
        buckets.take("busy", NOW_US)
    for number in range(10_000):
        buckets.take(number, NOW_US)
        seen.add(number)
        if number % 50 == 0:  # it goes on
            buckets.take("busy", NOW_US)
    assert len(buckets) <= 200
    assert len(seen) <= 200
    assert buckets.wait_s("busy", NOW_US) > 0
    assert 9_999 in seen
    assert 5 not in seen


def test_an_address_over_its_limit_costs_the_site_nothing() -> None:
    limits = Limits(site_beacons_per_s=10, address_beacons_per_s=1)
    guard = Guard(limits)
    sent = sum(guard.beacon_wait_s("shop", "192.0.2.7", NOW_US) == 0 for _ in range(500))
    assert sent == BURST_S
    assert guard.beacon_wait_s("shop", "192.0.2.8", NOW_US) == 0
    others = sum(guard.beacon_wait_s("shop", f"198.51.100.{n}", NOW_US) == 0 for n in range(250))
    assert others == 10 * BURST_S - sent - 1
    assert guard.beacon_wait_s("other", "198.51.100.1", NOW_US) == 0


def take(intake: Intake, now_us: int = NOW_US, **fields: Any) -> Accepted | Rejected:
    sent = beacon(view(at=now_us / 1000), sent=now_us / 1000, **fields)
    request = BeaconRequest(json.dumps(sent).encode(), ORIGIN, address="192.0.2.7")
    return intake.take(request, now_us)


def test_new_sessions_are_limited_and_known_ones_are_not() -> None:
    intake = Intake([SITE], Limits(address_sessions_per_s=1), b"secret")
    known = "ab" * 16
    assert isinstance(take(intake, session=known), Accepted)
    taken = [take(intake) for _ in range(int(BURST_S) + 5)]
    refused = [one for one in taken if isinstance(one, Rejected)]
    assert len(refused) == 6
    assert {(one.status, one.reason.value, one.retry_after_s) for one in refused} == {
        (429, "too_many_sessions", 1)
    }
    assert isinstance(take(intake, session=known), Accepted)
    assert isinstance(take(intake, NOW_US + SECOND_US), Accepted)


def test_who_sends_too_much_is_told_when_to_come_back(collect: Collect) -> None:
    limits = Limits(address_beacons_per_s=0.1)
    body = json.dumps(beacon()).encode()
    with collect(limits) as collecting:
        client = {"x-forwarded-for": "203.0.113.9"}
        assert [collecting.post(body, **client).status_code for _ in range(3)] == [204, 204, 429]
        answer = collecting.post(body, **client)
        assert 1 <= int(answer.headers["retry-after"]) <= 10
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-expose-headers"] == "retry-after"
        # Somebody else behind the same proxy, and the proxy itself, are others.
        assert collecting.post(body, **{"x-forwarded-for": "203.0.113.10"}).status_code == 204
        assert [collecting.post(body).status_code for _ in range(5)] == [204] * 5
        metrics = httpx.get(f"{collecting.base}/metrics", timeout=60).text
        assert 'refused_total{reason="too_many_beacons"} 2' in metrics


def test_recordings_are_limited_too_and_apart_from_beacons(collect: Collect) -> None:
    limits = Limits(address_beacons_per_s=0.1, address_sessions_per_s=0.05)
    recorded = replace(SITE, replay_rate=1.0)
    client = {"x-forwarded-for": "203.0.113.9"}
    mine = session_at(0)
    with collect(limits, sites=(recorded,)) as collecting:

        def sent(session: str, **headers: str) -> tuple[int, str]:
            answer = collecting.post_replay(chunk(session=session), **headers)
            return answer.status_code, answer.headers.get("retry-after", "")

        assert sent(mine, **client) == (204, "")
        status, retry_after_s = sent(session_at(1), **client)
        assert (status, 1 <= int(retry_after_s) <= 20) == (429, True), "a second new session"
        status, retry_after_s = sent(mine, **client)
        assert (status, 1 <= int(retry_after_s) <= 10) == (429, True), "a third chunk"
        assert sent(mine, **{"x-forwarded-for": "203.0.113.10"}) == (204, "")
        assert collecting.post(json.dumps(beacon()).encode(), **client).status_code == 204
        metrics = httpx.get(f"{collecting.base}/metrics", timeout=60).text
        assert 'refused_total{reason="too_many_sessions"} 1' in metrics


def test_no_address_is_written(collect: Collect) -> None:
    with collect() as collecting:
        sent = json.dumps(beacon(storage_free=True, session="")).encode()
        assert collecting.post(sent, **{"x-forwarded-for": "203.0.113.9"}).status_code == 204
        assert collecting.post(b"rubbish", **{"x-forwarded-for": "203.0.113.9"}).status_code == 400
    written = b"".join(path.read_bytes() for path in collecting.journal.rglob("*"))
    assert b"shop" in written
    assert b"203.0.113" not in written
