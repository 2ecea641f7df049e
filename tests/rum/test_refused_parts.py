"""A masked part is kept of what is refused of pieces, of servers and of senders over their rate."""

import hashlib
import json
from pathlib import Path

import httpx
from msgspec.structs import replace

from rum.limits import Limits
from rum.records import Reason
from tests.support.collector import ORIGIN, SITE, Collect, beacon, view
from tests.support.recordings import body, header, packed, page_events

TOKEN = "a-token-of-the-shop"
MAIL = "jane.doe@example.org"


def test_of_a_sender_over_its_rate_the_start_is_kept(collect: Collect) -> None:
    limits = Limits(site_beacons_per_s=0.05, address_beacons_per_s=0.0)
    with collect(limits) as collecting:
        statuses = [
            collecting.post(json.dumps({"user": MAIL, **beacon()}).encode()).status_code
            for _ in range(2)
        ]
    assert statuses == [204, 429]
    (refusal,) = collecting.refusals()
    assert (refusal.reason, refusal.site) == (Reason.TOO_MANY_BEACONS, "shop")
    assert refusal.part.startswith('{"user":')
    assert len(refusal.part) <= 60
    assert MAIL not in refusal.part


def test_of_events_over_the_limit_the_first_is_kept(collect: Collect) -> None:
    events = [view(f"/{number}") for number in range(4)]
    with collect(Limits(events_max=2)) as collecting:
        assert collecting.post(json.dumps(beacon(*events)).encode()).status_code == 204
    (refusal,) = collecting.refusals()
    assert (refusal.reason, refusal.count) == (Reason.TOO_MANY_EVENTS, 2)
    assert '"/2"' in refusal.part


def test_of_a_servers_refused_event_its_own_part_is_kept(collect: Collect) -> None:
    site = replace(SITE, event_tokens_sha256=(hashlib.sha256(TOKEN.encode()).hexdigest(),))
    good = {"name": "order_paid"}
    bad = {"name": "late", "time": "yesterday", "user": MAIL, "attributes": {"to": MAIL}}
    with collect(sites=(site,)) as collecting:
        for sent in ({"events": [good, bad]}, bad, {"events": MAIL}):
            httpx.post(
                f"{collecting.base}/events/v1",
                json=sent,
                headers={"authorization": f"Bearer {TOKEN}"},
                timeout=60,
            )
    listed, alone, malformed = collecting.refusals()
    for refusal in (listed, alone):
        assert refusal.reason is Reason.INVALID_EVENT
        assert '"late"' in refusal.part
        assert "order_paid" not in refusal.part
    assert malformed.reason is Reason.MALFORMED
    assert malformed.part.startswith('{"events"')
    assert MAIL not in "".join(r.part + r.detail for r in (listed, alone, malformed))


def test_of_a_refused_piece_of_a_recording_its_header_is_kept(
    collect: Collect, tmp_path: Path
) -> None:
    events = page_events("*", 1_000)
    with collect(sites=(SITE,)) as collecting:
        answer = collecting.post_replay(
            body(header(events, site=MAIL), packed(events)), origin=f"{ORIGIN}/{MAIL}"
        )
    assert answer.status_code == 403
    (refusal,) = collecting.refusals()
    assert refusal.reason is Reason.UNKNOWN_SITE
    assert refusal.part.startswith("{")
    assert MAIL not in refusal.part + refusal.detail + refusal.origin
