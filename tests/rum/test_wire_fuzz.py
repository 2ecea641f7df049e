"""Whatever bytes come, intake answers with a value; what it accepts can be written and read."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rum.intake import Accepted, BeaconRequest, Intake, Rejected
from rum.limits import Limits
from rum.page_template import PageTemplates
from rum.privacy import masked, masked_stack
from rum.records import Batch, EventKind
from rum.user_agent import read_user_agent
from store.columns import batch_tables
from store.records import decode, encode
from tests.support.collector import ORIGIN, SITE, beacon

NOW_US = 1_800_000_000_000_000
LIMITS = Limits()
INTAKE = Intake([SITE], LIMITS, b"secret")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NUMBER = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.none()
TEXT = st.text(max_size=600) | st.none()
PLACE = st.sampled_from(["/a?b", "https://a.b:1/c", "#id-123456", '[href="x']) | TEXT
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "kind": st.sampled_from([*EventKind, "other"]) | JSON,
    "at": st.floats(min_value=NOW_US / 1000 - 1e6, max_value=NOW_US / 1000 + 1e6) | NUMBER,
    "view": st.integers(min_value=0, max_value=9) | NUMBER,
    "page": st.sampled_from(["/a", "/user/7"]) | TEXT,
    "name": TEXT,
    "message": TEXT,
    "stack": TEXT,
    "value": NUMBER,
    "currency": TEXT,
    "attributes": st.dictionaries(TEXT.filter(bool), JSON, max_size=25) | JSON,
    "lcp": NUMBER,
    "cls": NUMBER,
    "via": st.sampled_from(["load", "x"]) | JSON,
    "source": st.sampled_from(["error", "x"]) | JSON,
    "attribution": st.dictionaries(
        st.sampled_from(["lcp_target", "lcp_url", "inp_type", "lcp_load_time", "cls_time"]),
        TEXT | NUMBER,
    )
    | JSON,
    "target": PLACE,
    "x": st.floats(0, 1) | NUMBER,
    "page_x": NUMBER,
    "rage": st.integers(0, 5) | NUMBER,
    "dead": st.booleans() | JSON,
    "error": st.booleans() | JSON,
    "url": PLACE,
    "method": TEXT,
    "status": st.integers(0, 599) | NUMBER,
    "duration": st.floats(0, 1e4) | NUMBER,
    "wait": NUMBER,
    "initiator": st.sampled_from(["fetch", "x"]) | JSON,
    "aborted": st.booleans() | JSON,
    "blocking": NUMBER,
    "script": PLACE,
    "invoker": PLACE,
    "scroll": NUMBER,
    "scroll_px": NUMBER,
    "engaged": NUMBER,
}
EVENT = st.fixed_dictionaries({}, optional=FIELDS) | JSON
HEADER: dict[str, st.SearchStrategy[Any]] = {
    "level": st.sampled_from(["novice", "wizard"]) | JSON,
    "user": JSON,
    "release": TEXT,
    "segments": st.dictionaries(st.text(max_size=8), JSON, max_size=25) | JSON,
    "referrer": TEXT,
    "campaign": TEXT,
    "sent": st.just(NOW_US / 1000) | NUMBER,
    "batch": NUMBER,
    "v": st.just(1) | JSON,
    "events": JSON,
}


def take(body: bytes) -> Accepted | Rejected:
    taken = INTAKE.take(BeaconRequest(body, ORIGIN, False, "agent"), NOW_US)
    assert isinstance(taken, Accepted | Rejected)
    records = [taken.refusal] if isinstance(taken, Rejected) else taken.refusals
    for record in records:
        assert decode(encode(record)) == record
        assert len(record.part) <= LIMITS.part_chars_max
    return taken


@given(st.binary(max_size=500))
def test_noise_is_rejected(body: bytes) -> None:
    assert isinstance(take(body), Rejected)


@given(JSON)
def test_any_json_is_rejected(value: Any) -> None:
    assert isinstance(take(json.dumps(value).encode()), Rejected)


@settings(max_examples=600)
@given(st.lists(EVENT, min_size=1, max_size=4), st.fixed_dictionaries({}, optional=HEADER))
def test_a_beacon_of_any_values_is_judged_and_what_is_accepted_is_within_its_bounds(
    events: list[Any], header: dict[str, Any]
) -> None:
    sent = beacon(events=events, sent=NOW_US / 1000) | header
    taken = take(json.dumps(sent).encode())
    if not isinstance(taken, Accepted) or taken.batch is None:
        return
    batch = taken.batch
    assert decode(encode(batch)) == batch
    check_bounds(batch)
    # An event is accepted or refused, and none is both: refusals beside that keep their event.
    whole = sum(r.count for r in taken.refusals if r.reason in ("unknown_kind", "invalid_event"))
    too_old = sum(r.count for r in taken.refusals if r.reason == "too_old")
    assert len(batch.events) + whole + too_old == len(sent["events"])


def check_bounds(batch: Batch) -> None:
    assert batch.level in ("", *SITE.levels)
    assert len(batch.release) <= LIMITS.key_chars_max
    assert len(batch.segments) <= LIMITS.attributes_max
    for event in batch.events:
        assert NOW_US - LIMITS.late_h * 3_600_000_000 <= event.time_us <= NOW_US
        assert 0 <= event.view < 2**32
        assert 0 < len(event.page) <= LIMITS.page_chars_max
        assert len(event.message) <= LIMITS.message_chars_max
        assert len(event.stack) <= LIMITS.stack_chars_max
        assert len(event.attributes) <= LIMITS.attributes_max
        assert all(len(text) <= LIMITS.value_chars_max for text in event.attributes.values())
        assert "\x00" not in event.message + event.stack + event.page + event.name
        assert len(event.name) <= LIMITS.name_chars_max + len("[token]")
    rows = batch_tables([batch])["events"]  # raises for what no column can hold
    assert rows.num_rows == len(batch.events)


@given(st.text(max_size=3_000), st.text(alphabet="a1:/?#@.%eyJ_- \n", max_size=3_000))
def test_texts_of_any_shape_are_masked_and_templated(anything: str, nasty: str) -> None:
    for text in (anything, nasty):
        masked(text)
        masked_stack(text)
        read_user_agent(text)
        assert PageTemplates().template("/" + text).startswith("/")
