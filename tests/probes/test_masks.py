"""Secrets are taken out of all that is written, in whatever form they stand there."""

import base64
from urllib.parse import quote_plus

import msgspec
import pytest

from probes.request import Auth, RequestStep
from probes.secrets import Mask, hide_known

SECRET = 'hünter "22"/+&'


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote_plus(SECRET),
        msgspec.json.encode(SECRET).decode()[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"ops:{SECRET}".encode()).decode(),
    ],
)
def test_a_secret_is_masked_in_every_form_it_takes(form: str) -> None:
    mask = Mask()
    mask.hide_auth(Auth(kind="basic", username="ops", secret_env="X"), SECRET)
    assert mask.text(f"before {form} after {form}") == "before *** after ***"


def test_a_secret_cut_off_at_the_end_is_masked_too() -> None:
    mask = Mask()
    mask.hide("0123456789")
    assert mask.part("you sent 01234567") == "you sent ***"
    assert mask.part("you sent 012") == "you sent 012", "three characters say nothing"


def test_a_longer_secret_wins_over_one_that_stands_in_it() -> None:
    mask = Mask()
    mask.hide("pass")
    mask.hide("passport-1234", "{{number}}")
    assert mask.text("passport-1234 pass") == "{{number}} ***"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('{"password": "abc123", "user": "ops"}', '{"password": "***", "user": "ops"}'),
        ('{"access_token":"abc123"}', '{"access_token":"***"}'),
        ("api_key=abc123&page=2", "api_key=***&page=2"),
        ("Authorization: Bearer abc.def-123", "Authorization: ***"),
        ("sent bearer abcdefgh1234 twice", "sent bearer *** twice"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOjF9.c2ln end", "jwt *** end"),
        ("the token is missing", "the token is missing"),
    ],
)
def test_what_gives_itself_away_is_masked_in_a_body(text: str, masked: str) -> None:
    assert Mask().part(text) == masked


def test_what_a_definition_carries_is_hidden() -> None:
    mask = Mask()
    step = RequestStep(
        url="http://ops:in-the-url@a.example/",
        headers={"X-Api-Key": "in-a-header", "Accept": "text/html"},
        body_form={"password": "in-a-field", "name": "probe"},
    )
    hide_known(mask, step, "")
    said = "in-the-url in-a-header in-a-field text/html probe"
    assert mask.text(said) == "*** *** *** text/html probe"
