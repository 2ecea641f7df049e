"""Events that servers post: who may, stored once a key, joined to sessions, refused one by one."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from rum.bucket import bucket_of
from rum.limits import Limits
from rum.records import Batch, Reason, Refusal
from rum.site import Site
from tests.support.collector import SITE, Collect, Collecting

TOKEN = "vigie-event-of-the-tests"
SESSION = "ab" * 16
WITH_TOKEN = replace(
    SITE, event_tokens_sha256=("0" * 64, hashlib.sha256(TOKEN.encode()).hexdigest())
)
OTHER = Site(id="other", key="other-key")


def post(
    collecting: Collecting, body: Any, *, token: str = TOKEN, key: str = "", **headers: str
) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers |= {"authorization": f"Bearer {token}"}
    if key:
        headers["idempotency-key"] = key
    return httpx.post(f"{collecting.base}/events/v1", content=content, headers=headers, timeout=60)


def identities(batches: list[Batch]) -> list[tuple[str, int]]:
    return [(batch.session, batch.batch) for batch in batches]


def test_one_event_is_durable_and_nobody_s(collect: Collect) -> None:
    sent = {"name": "mandate_signed", "value": 250_000, "currency": "EUR", "attributes": {"n": 1}}
    with collect(sites=(OTHER, WITH_TOKEN)) as collecting:
        answer = post(collecting, sent)
        assert (answer.status_code, answer.json()) == (
            200, {"accepted": 1, "refused": [], "left_out": []}
        )  # fmt: skip
        (batch,) = collecting.batches()
    (event,) = batch.events
    assert (batch.site, batch.server, batch.user, batch.level) == ("shop", True, "", "")
    assert bucket_of(batch.session) == 0  # in every sample, so that its detail is always kept
    assert (event.kind, event.name, event.value, event.currency) == (
        "event", "mandate_signed", 250_000, "EUR"
    )  # fmt: skip
    assert event.attributes == {"n": "1"}
    assert event.time_us == batch.received_us


def test_an_event_may_belong_to_a_session_and_a_user(collect: Collect) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    with collect(sites=(WITH_TOKEN,)) as collecting:
        answer = post(collecting, {
            "id": "import-7",
            "events": [
                {"name": "paid", "session": SESSION, "user": "jean", "level": "novice"},
                {"name": "paid", "time": an_hour_ago.isoformat()},
                {"name": "deploy", "release": "2.14", "time": an_hour_ago.timestamp() * 1000},
                {"name": "seen", "session": SESSION, "user": "jean", "level": "novice"},
            ],
        })  # fmt: skip
        assert answer.json()["accepted"] == 4
        joined, alone, deploy = collecting.batches()
    assert (joined.session, joined.server, joined.level) == (SESSION, False, "novice")
    assert [event.name for event in joined.events] == ["paid", "seen"]
    assert [event.position for event in joined.events] == [0, 1]
    assert len(joined.user) == 32
    assert alone.server
    assert abs(alone.events[0].time_us - an_hour_ago.timestamp() * 1e6) < 2
    assert (deploy.release, deploy.events[0].name) == ("2.14", "deploy")
    assert alone.session == deploy.session != SESSION
    assert len({number for _, number in identities([joined, alone, deploy])}) == 3


def test_a_key_makes_the_same_batches_at_each_attempt(collect: Collect) -> None:
    events = [{"name": "a"}, {"name": "b", "session": SESSION}, {"name": "", "user": "x"}]
    with collect(sites=(WITH_TOKEN,)) as collecting:
        answers = [
            post(collecting, {"events": events}, key="order-7"),
            post(collecting, {"events": events, "id": "order-7"}),
            post(collecting, {"events": events}, key="order-8"),
            post(collecting, {"events": events}),
            post(collecting, {"events": events}),
        ]
        batches = collecting.batches()
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["refused"][0]["event"] == 2
    by_request = [identities(batches[at : at + 2]) for at in range(0, len(batches), 2)]
    assert by_request[0] == by_request[1]
    assert len({tuple(each) for each in by_request}) == 4


def test_a_bad_event_costs_only_itself(collect: Collect) -> None:
    now = datetime.now(UTC)
    events = [
        {"name": "fine"},
        {},
        {"name": 5},
        {"name": "a", "time": "yesterday"},
        {"name": "a", "time": now.replace(tzinfo=None).isoformat()},
        {"name": "a", "time": (now - timedelta(days=3)).isoformat()},
        {"name": "a", "session": "short"},
        {"name": "a", "attributes": {"deep": {"er": 1}}},
        {"name": "later", "time": (now + timedelta(days=3)).isoformat()},
        {"name": "level", "level": "wizard"},
        "no object",
    ]
    with collect(sites=(WITH_TOKEN,)) as collecting:
        answer = post(collecting, {"events": events})
        said = answer.json()
        accepted = [event.name for batch in collecting.batches() for event in batch.events]
        times = [event.time_us for batch in collecting.batches() for event in batch.events]
    assert answer.status_code == 200
    assert (said["accepted"], accepted) == (3, ["fine", "later", "level"])
    assert max(times) < datetime.now(UTC).timestamp() * 1e6  # what lies in the future is now
    assert [each["event"] for each in said["refused"]] == [1, 2, 3, 4, 5, 6, 7, 10]
    assert said["refused"][4]["reason"] == "too_old"
    assert [each["reason"] for each in said["left_out"]] == ["unknown_level"]


def test_only_a_token_of_a_site_lets_in_and_it_is_never_written(collect: Collect) -> None:
    with collect(sites=(OTHER, WITH_TOKEN)) as collecting:
        for token in ("wrong", "0" * 64, WITH_TOKEN.event_tokens_sha256[1]):
            answer = post(collecting, {"name": "a"}, token=token)
            assert answer.status_code == 401
            assert answer.json()["error"]["reason"] == "unknown_token"
        # A page cannot use it: no preflight is answered, and nothing may be read.
        url = f"{collecting.base}/events/v1"
        origin = {"origin": "https://shop.test", "access-control-request-method": "POST"}
        answers = [
            httpx.options(url, headers=origin, timeout=60),
            post(collecting, {"name": "a"}, origin="https://shop.test"),
        ]
        assert answers[0].status_code == 405
        for answer in answers:
            assert not [name for name in answer.headers if name.startswith("access-control")]
        assert len(collecting.batches()) == 1
    assert TOKEN.encode() not in written(collecting.journal)


def written(journal: Path) -> bytes:
    return b"".join(path.read_bytes() for path in journal.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "malformed"),
        (b"[]", "malformed"),
        (b'{"events": 5}', "malformed"),
        (b'{"events": []}', "malformed"),
        (b'{"events": [{"name": "a"}], "id": 5}', "malformed"),
        (b'{"name": "a", "id": "' + b"x" * 201 + b'"}', "malformed"),
        (json.dumps({"events": [{"name": "a"}] * 51}).encode(), "too_many_events"),
        (b"[" * 60_000, "malformed"),
        (b"x" * 70_000, "body_too_large"),
    ],
)
def test_a_request_of_which_nothing_can_be_taken(
    collect: Collect, body: bytes, reason: str
) -> None:
    with collect(sites=(WITH_TOKEN,)) as collecting:
        answer = post(collecting, body)
        assert answer.status_code in (400, 413)
        assert answer.json()["error"]["reason"] == reason
        assert collecting.batches() == []
    refusals = [record for record in collecting.records() if isinstance(record, Refusal)]
    assert [(refusal.reason, refusal.site) for refusal in refusals] == [(reason, "shop")]


def test_two_keys_that_differ_are_a_mistake(collect: Collect) -> None:
    with collect(sites=(WITH_TOKEN,)) as collecting:
        assert post(collecting, {"name": "a", "id": "one"}, key="two").status_code == 400
        assert post(collecting, {"name": "a", "id": "one"}, key="one").status_code == 200


def test_nothing_is_said_to_be_accepted_that_is_not_on_disk(collect: Collect) -> None:
    class Full:
        async def write(self, record: object) -> None:
            raise OSError("no space")

        def healthy(self) -> bool:
            return False

    with collect(sites=(WITH_TOKEN,), sink=Full()) as collecting:
        answer = post(collecting, {"name": "a"})
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0


def test_nothing_personal_of_an_event_is_written(collect: Collect) -> None:
    sent = {
        "name": "mail jean@example.com",
        "user": "jean@example.com",
        "environment": "jean@example.com",
        "release": "jean@example.com",
        "attributes": {"to": "jean@example.com", "jean@example.com": "x"},
    }
    with collect(sites=(WITH_TOKEN,)) as collecting:
        assert post(collecting, sent).status_code == 200
    assert b"jean" not in written(collecting.journal)


def test_a_site_s_servers_may_send_so_many_requests_in_a_time(collect: Collect) -> None:
    other = replace(
        OTHER, event_tokens_sha256=(hashlib.sha256(b"vigie-event-of-another").hexdigest(),)
    )
    # Two at once, and then one in 10 s.
    limits = Limits(server_requests_per_s=0.1)
    with collect(limits, sites=(WITH_TOKEN, other)) as collecting:
        first = [post(collecting, {"name": "a"}, key=f"k{n}").status_code for n in range(2)]
        late = post(collecting, {"name": "a"}, key="k2")
        assert post(collecting, {"name": "a"}, token="vigie-event-of-another").status_code == 200
        assert post(collecting, {"name": "a"}, token="wrong").status_code == 401
    assert first == [200, 200]
    assert (late.status_code, late.json()["error"]["reason"]) == (429, "too_many_requests")
    assert 0 < int(late.headers["retry-after"]) <= 10
    assert len(collecting.batches()) == 3
    reasons = [refusal.reason for refusal in collecting.refusals()]
    assert reasons.count(Reason.TOO_MANY_REQUESTS) == 1
