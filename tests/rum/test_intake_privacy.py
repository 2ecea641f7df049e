"""Nothing that names a person or opens a door is written: hashed, dropped or masked before."""

import json
import time
from typing import Any

import msgspec
import pytest

from rum.intake import Accepted, BeaconRequest, Intake, Rejected
from rum.limits import Limits
from rum.privacy import masked, masked_stack, site_secret, user_key
from rum.records import Batch
from rum.site import Site
from tests.support.collector import ORIGIN, SITE, beacon, view

NOW_US = 1_800_000_000_000_000
LIMITS = Limits()


def taken_from(secret: bytes = b"secret", site: Site = SITE, **fields: Any) -> Accepted | Rejected:
    sent = {"sent": NOW_US / 1000, "events": [view(at=NOW_US / 1000)]} | fields
    body = json.dumps(beacon(**sent)).encode()
    return Intake([site], LIMITS, secret).take(BeaconRequest(body, ORIGIN), NOW_US)


def batch_from(secret: bytes = b"secret", site: Site = SITE, **fields: Any) -> Batch:
    taken = taken_from(secret, site, **fields)
    assert isinstance(taken, Accepted)
    assert taken.batch is not None
    return taken.batch


def test_a_user_is_a_hash_keyed_by_secret_and_site() -> None:
    user = batch_from(user="jean.dupont").user
    assert user == user_key(site_secret(b"secret", "shop"), "jean.dupont")
    assert len(user) == 32
    assert user == batch_from(user="jean.dupont").user
    other_site = Site(id="other", key=SITE.key)
    others = {
        batch_from(user="jean.dupond").user,
        batch_from(b"another", user="jean.dupont").user,
        batch_from(site=other_site, user="jean.dupont").user,
    }
    assert user not in others
    assert len(others) == 3
    assert batch_from(user=None).user == ""
    assert batch_from(user=7).user == batch_from(user="7").user


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("no account for jean.dupont+x@example.co.fr!", "no account for [email]!"),
        ("jean%40example.com", "[email]"),
        ("GET https://a.test/x?token=abc&q=1 failed", "GET https://a.test/x failed"),
        ("at https://a.test/app.js?v=12:10:5", "at https://a.test/app.js:10:5"),
        ("see https://a.test/x#access_token=abc.", "see https://a.test/x"),
        ("key sk_live_51H8abcdefghijklmnop rejected", "key [token] rejected"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln expired", "[token] expired"),
        ("0f8fad5bd9cb469fa16570867728950e", "[token]"),
        ("Cannot read properties of undefined (reading 'x')", None),
        ("anticonstitutionnellement_et_sans_chiffre", None),
        ("2026-11-21 at 12:00 is no date; 10 @ 5; @decorated", None),
        ("is it? yes # really", None),
        ("", None),
    ],
)
def test_addresses_and_tokens_are_masked_and_plain_words_are_not(
    said: str, kept: str | None
) -> None:
    assert masked(said) == (said if kept is None else kept)


def test_a_stack_keeps_its_files_lines_and_functions() -> None:
    stack = (
        "Error: mail jean@example.com, key 0f8fad5bd9cb469fa16570867728950e\n"
        "    at sign (https://a.test/js/main.0f8fad5bd9cb469fa165.js?user=7:10:200)\n"
        "save@https://a.test/js/main.0f8fad5bd9cb469fa165.js:3:14\n"
    )
    assert masked_stack(stack) == (
        "Error: mail [email], key [token]\n"
        "    at sign (https://a.test/js/main.0f8fad5bd9cb469fa165.js:10:200)\n"
        "save@https://a.test/js/main.0f8fad5bd9cb469fa165.js:3:14\n"
    )


def test_nothing_personal_is_in_what_is_written_of_a_batch() -> None:
    events = [
        view("/user/jean@example.com/secret?token=t0psecret"),
        view(
            "/a", kind="error", name="E", message="x" * 490 + " jean@example.com", stack="jean@b.fr"
        ),
        view(
            "Letter to jean@example.com",
            kind="event",
            name="mail jean@example.com",
            attributes={"to": "jean@example.com", "jean@example.com": 1},
        ),
    ]
    batch = batch_from(
        events=[event | {"at": NOW_US / 1000} for event in events],
        user="jean@example.com",
        referrer="https://mail.test/jean",
        campaign="for jean@example.com",
        segments={"who": "jean@example.com"},
    )
    written = msgspec.json.encode(batch).decode()
    assert "jean" not in written
    assert "t0psecret" not in written
    assert batch.events[0].page == "/user/?/secret"
    assert batch.referrer == ""


def test_what_is_kept_of_a_refused_beacon_is_short_and_masked() -> None:
    taken = taken_from(session="bad", user="jean dupont", padding="é" * 5_000)
    assert isinstance(taken, Rejected)
    part = taken.refusal.part
    assert 0 < len(part) <= LIMITS.part_chars_max
    assert part.startswith('{"v": 1')
    whole = Intake([SITE], Limits(part_chars_max=9_999), b"s").take(
        BeaconRequest(b'{"user":"jean \\"dupont","x":"a@b.fr"', ORIGIN), NOW_US
    )
    assert isinstance(whole, Rejected)
    assert whole.refusal.part == '{"user":"[user]","x":"[email]"'


@pytest.mark.parametrize("field", ["session", "level"])
def test_what_is_said_of_a_refusal_is_masked_too(field: str) -> None:
    fields: dict[str, Any] = {field: "jean@example.com"}
    taken = taken_from(**fields)
    refusals = [taken.refusal] if isinstance(taken, Rejected) else taken.refusals
    assert refusals != []
    assert "jean" not in msgspec.json.encode(refusals).decode()


def test_long_strings_are_cut_and_many_attributes_left_out_and_counted() -> None:
    long = view(
        kind="event",
        name="n" * 500,
        at=NOW_US / 1000,
        attributes={f"k{number}": "v" * 999 for number in range(25)},
    )
    taken = taken_from(events=[long], release="r" * 500)
    assert isinstance(taken, Accepted)
    assert taken.batch is not None
    (event,) = taken.batch.events
    assert len(event.name) == LIMITS.name_chars_max
    assert len(event.attributes) == LIMITS.attributes_max
    assert {len(value) for value in event.attributes.values()} == {LIMITS.value_chars_max}
    assert len(taken.batch.release) == LIMITS.key_chars_max
    assert [refusal.reason for refusal in taken.refusals] == ["too_many_attributes"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (3, "3"), (3.0, "3"), (2.5, "2.5"), ("x", "x"), (None, None), (10**30, None)],
)
def test_attributes_are_kept_as_text(value: object, text: str | None) -> None:
    event = view(kind="event", name="a", at=NOW_US / 1000, attributes={"k": value})
    kept = batch_from(events=[event]).events[0].attributes
    assert kept == ({} if text is None else {"k": text})


@pytest.mark.parametrize(
    "made_of", ["eyJ", "eyJ-.", "http://", "http://a?", "?http://a", "a%40", "a."]
)
def test_masking_takes_no_longer_than_the_text_is(made_of: str) -> None:
    """The square of 100,000 characters would take 12 s; a beacon's stack held up everyone."""
    text = "?@" + made_of * (100_000 // len(made_of))
    started = time.process_time()
    masked_stack(text)
    masked(text)
    assert time.process_time() - started < 5
