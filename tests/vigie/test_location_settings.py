"""Locations in the settings: their names are theirs alone, and monitors name only known ones."""

import pytest

from vigie.settings_file import parse_settings
from vigie.settings_mistakes import SettingsError

HASH = "0123456789abcdef" * 4


def mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, "vigie.toml")
    return [f"{each.line}: {each.wrong}" for each in caught.value.mistakes]


def location(name: str, token_sha256: str = HASH) -> str:
    return f'[[locations]]\nname = "{name}"\ntoken_sha256 = "{token_sha256}"\n'


def monitor(locations: str) -> str:
    return f'[[monitors]]\nid = "m"\nurl = "http://m.test"\nlocations = {locations}\n'


def test_good_locations_pass() -> None:
    settings = parse_settings(
        location("rome") + location("oslo") + monitor('["rome", "local"]'), "vigie.toml"
    )
    assert [each.name for each in settings.locations] == ["rome", "oslo"]


def test_every_mistake_in_locations_is_named() -> None:
    text = location("rome") + location("rome") + location("local") + location("heartbeats")
    assert mistakes(text + location("oslo", "secret") + monitor('["rome", "bergen"]')) == [
        '5: "rome" is taken by another of locations',
        '8: is "local", the location of the prober that runs here',
        '11: is "heartbeats", which stands for jobs that call',
        '15: is "secret"',
        '19: "bergen" is no location',
    ]
