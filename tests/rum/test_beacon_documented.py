"""docs/beacon.md and its schema say what the collector takes: made from its types, and tried."""

import copy
import gzip
import hashlib
import json
import re
import time
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from rum.beacon_schema import beacon_schema, schema_text
from rum.records import Reason
from rum.site import Site
from tests.support.collector import collecting_in

TOKEN = "a-token-of-the-shop"
ORIGIN = "https://www.example.com"
SITE = Site(
    id="shop",
    key="YOUR-KEY",
    origins=(ORIGIN,),
    levels=("novice", "expert"),
    event_tokens_sha256=(hashlib.sha256(TOKEN.encode()).hexdigest(),),
    replay_rate=1.0,
)
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "beacon.md").read_text("utf-8")


def samples(kind: str) -> list[dict[str, Any]]:
    """The examples of the page that are marked as of this kind."""
    return [json.loads(text) for text in re.findall(rf"```json {kind}\n(.*?)```", PAGE, re.DOTALL)]


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = {**beacon_schema(), "$ref": f"#/$defs/{name}"}
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def moved_to_now(sample: Any) -> Any:
    """The sample with its times as of now: old ones are refused, as they should be."""
    by_ms = time.time() * 1000 - 1774965600000

    def moved(node: Any, name: str = "") -> Any:
        if isinstance(node, dict):
            return {key: moved(value, key) for key, value in node.items()}
        if isinstance(node, list):
            return [moved(each) for each in node]
        if name in ("at", "sent", "start", "end"):
            return int(node + by_ms)
        return node

    return moved(sample)


def test_the_schema_is_made_from_the_code_of_today() -> None:
    written = (ROOT / "docs" / "beacon.schema.json").read_text("utf-8")
    assert written == schema_text(), "run: python -m rum.beacon_schema > docs/beacon.schema.json"


@pytest.mark.parametrize(
    ("kind", "name", "count"), [("beacon", "Beacon", 2), ("events", "ServerEvents", 1),
                                ("replay", "ReplayHeader", 1)],
)  # fmt: skip
def test_the_pages_samples_hold_to_the_schema(kind: str, name: str, count: int) -> None:
    found = samples(kind)
    assert len(found) == count
    for sample in found:
        validator(name).validate(sample)
    kinds = {event["kind"] for sample in samples("beacon") for event in sample["events"]}
    assert kinds == set(beacon_schema()["$defs"]["Beacon"]["properties"]["events"]["items"]
                        ["discriminator"]["mapping"])  # fmt: skip


def test_the_collector_takes_every_sample_whole(tmp_path: Path) -> None:
    with collecting_in(tmp_path, sites=(SITE,)) as collecting, httpx.Client(timeout=60) as client:
        for sample in samples("beacon"):
            body = json.dumps(moved_to_now(sample)).encode()
            answer = client.post(
                f"{collecting.base}/rum/v1/beacon", content=body, headers={"origin": ORIGIN}
            )
            assert (answer.status_code, answer.text) == (204, "")
        [events] = samples("events")
        for event in events["events"]:
            event.pop("time", None)
        answer = client.post(
            f"{collecting.base}/events/v1",
            json=events,
            headers={"authorization": f"Bearer {TOKEN}"},
        )
        assert answer.json() == {"accepted": 2, "refused": [], "left_out": []}
    assert collecting.refusals() == []
    assert sum(len(batch.events) for batch in collecting.batches()) == 2 + 6 + 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"v": 2}, "unsupported_version"),
        ({"session": "short"}, "invalid_session"),
        ({"batch": -1}, "invalid_batch"),
        ({"events": []}, "malformed"),
        ({"sent": -1}, "malformed"),
        ({"sent": None}, "malformed"),
    ],
)
def test_what_the_schema_forbids_the_collector_refuses(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    wrong = {**moved_to_now(samples("beacon")[0]), **change}
    assert not validator("Beacon").is_valid(wrong)
    with collecting_in(tmp_path, sites=(SITE,)) as collecting:
        answer = httpx.post(
            f"{collecting.base}/rum/v1/beacon",
            content=json.dumps(wrong),
            headers={"origin": ORIGIN},
            timeout=60,
        )
    assert answer.status_code == 400
    assert answer.json()["error"]["reason"] == reason


@pytest.mark.parametrize("kind", ["Vitals", "Event", "Click", "Request", "Frame", "Leave"])
def test_an_event_without_what_makes_it_is_refused_by_both(tmp_path: Path, kind: str) -> None:
    sample = copy.deepcopy(moved_to_now(samples("beacon")[0]))
    bare = {key: sample["events"][0][key] for key in ("at", "view", "page")}
    sample["events"].append({"kind": kind.lower(), **bare})
    assert not validator("Beacon").is_valid(sample)
    with collecting_in(tmp_path, sites=(SITE,)) as collecting:
        answer = httpx.post(
            f"{collecting.base}/rum/v1/beacon",
            content=json.dumps(sample),
            headers={"origin": ORIGIN},
            timeout=60,
        )
    assert answer.status_code == 204
    assert [refusal.reason for refusal in collecting.refusals()] == [Reason.INVALID_EVENT]


def test_every_reason_is_on_the_page() -> None:
    missing = [reason.value for reason in Reason if f"`{reason.value}`" not in PAGE]
    assert missing == []


def test_a_pieces_header_is_taken_as_the_page_shows_it(tmp_path: Path) -> None:
    header = json.dumps(moved_to_now(samples("replay")[0])).encode()
    with collecting_in(tmp_path, sites=(SITE,)) as collecting:
        answer = httpx.post(
            f"{collecting.base}/rum/v1/replay",
            content=header + b"\n" + gzip.compress(b"[]"),
            headers={"origin": ORIGIN},
            timeout=60,
        )
    assert (answer.status_code, answer.text) == (204, "")
