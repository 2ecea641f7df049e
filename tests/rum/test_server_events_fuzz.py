"""Whatever a server posts, the answer is a value; what is accepted can be written and stored."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rum.body import BodyProblem
from rum.inflate import inflated
from rum.intake import SiteRules
from rum.limits import Limits
from rum.server_events import Malformed, TakenEvents, take_server_events
from store.columns import batch_tables
from store.records import decode, encode
from tests.support.collector import SITE

NOW_US = 1_800_000_000_000_000
RULES = SiteRules(SITE, b"secret", Limits())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NUMBER = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(max_size=300)
EVENT = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["paid", "a@b.fr"]) | TEXT | JSON,
        "value": NUMBER | JSON,
        "currency": TEXT | JSON,
        "attributes": st.dictionaries(TEXT, JSON, max_size=25) | JSON,
        "time": st.sampled_from(["2027-01-15T08:00:00Z", "0001-01-01T00:00:00+23:00"])
        | st.datetimes().map(lambda moment: moment.isoformat() + "+00:00")
        | NUMBER
        | TEXT,
        "session": st.sampled_from(["ab" * 16]) | TEXT | JSON,
        "user": TEXT | JSON,
        "level": st.sampled_from(["novice"]) | TEXT,
        "release": TEXT,
    },
)


def take(body: bytes, key: str) -> TakenEvents | Malformed:
    taken = take_server_events(RULES, Limits(), body, key, NOW_US)
    assert isinstance(taken, TakenEvents | Malformed)
    return taken


@given(st.binary(max_size=300), TEXT)
def test_noise_is_malformed(body: bytes, key: str) -> None:
    assert isinstance(take(body, key), Malformed)


@settings(max_examples=300)
@given(st.lists(EVENT | JSON, min_size=1, max_size=5), TEXT, st.booleans())
def test_any_events_are_judged_and_what_is_accepted_can_be_stored(
    events: list[Any], key: str, one: bool
) -> None:
    sent = events[0] if one else {"events": events}
    taken = take(json.dumps(sent).encode(), key)
    if isinstance(taken, Malformed):
        return
    assert taken.accepted + len(taken.refused) == (1 if one else len(events))
    assert sum(len(batch.events) for batch in taken.batches) == taken.accepted
    for batch in taken.batches:
        assert decode(encode(batch)) == batch
    if taken.batches:
        assert batch_tables(taken.batches)["events"].num_rows == taken.accepted


@given(st.binary(max_size=300), st.sampled_from([b"gzip", b"deflate", b"br", b"", b"\xff"]))
def test_any_encoding_of_anything_gives_bytes_within_the_limit_or_a_problem(
    body: bytes, encoding: bytes
) -> None:
    found = inflated(body, encoding, 1_000)
    assert isinstance(found, BodyProblem) or len(found) <= 1_000
