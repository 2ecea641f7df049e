"""Every mistake in channels is named at once: what is wrong, and what would be right."""

import pytest

from vigie.settings import Settings
from vigie.settings_file import parse_settings
from vigie.settings_mistakes import SettingsError


def mistakes(text: str) -> dict[str, str]:
    """What is wrong, by key."""
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, "vigie.toml")
    return {each.key: each.wrong for each in caught.value.mistakes}


def test_every_mistake_of_channels_is_found_at_once() -> None:
    found = mistakes("""
[console]
url = "vigie"

[alerts]
heartbeat_url = "no url"
give_up_h = 0

[[channels]]
id = "mail"
kind = "email"
host = "smtp.example.com"
security = "none"
username = "vigie"
password_env = "A"
password_file = "b"
from_address = "Vigie <vigie@example.com>"
to = ["ops@example.com", "ops", 7]
secret_env = "S"

[[channels]]
id = "mail"
kind = "pigeon"

[[channels]]
id = "hook"
kind = "webhook"
url = "example.com"
url_file = "where"

[[channels]]
id = "pager"
kind = "pagerduty"

[[channels]]
kind = "chat"

[[monitors]]
id = "home"
url = "https://example.com/"
channels = ["mail", "hok", "mail"]
""")
    assert found == {
        "console.url": '"vigie" is not a URL',
        "alerts.heartbeat_url": '"no url" is not a URL',
        "alerts.give_up_h": "is 0",
        "channels[mail].secret_env": 'means nothing to a channel of the kind "email"',
        "channels[mail].password_file": "stands beside password_env",
        "channels[mail].security": 'is "none", which would send the password readable by all '
        "on the way",
        "channels[mail].from_address": '"Vigie <vigie@example.com>" is no e-mail address',
        "channels[mail].to[2]": '"ops" is no e-mail address',
        "channels[mail].to[3]": "is the number 7",
        "channels[mail].id": '"mail" is taken by another of channels',
        "channels[mail].kind": 'is "pigeon"',
        "channels[hook].url_file": "stands beside url",
        "channels[hook].url": '"example.com" is not a URL',
        "channels[hook].secret_env": 'is missing; a channel of the kind "webhook" needs it',
        "channels[pager].routing_key_env": 'is missing; a channel of the kind "pagerduty" needs it',
        "channels[5].id": "is missing",
        "channels[5].url_env": 'is missing; a channel of the kind "chat" needs it',
        "monitors[home].channels[2]": '"hok" is not the id of any of channels',
        "monitors[home].channels[3]": '"mail" stands twice',
    }


def test_good_channels_of_every_kind_pass() -> None:
    settings = parse_settings(
        """
[[channels]]
id = "mail"
kind = "email"
default = true
host = "smtp.example.com"
from_address = "vigie@example.com"
to = ["ops@example.com"]

[[channels]]
id = "hook"
kind = "webhook"
url = "https://example.com/hook"
secret_file = "secret"

[[channels]]
id = "pager"
kind = "pagerduty"
routing_key_env = "KEY"

[[channels]]
id = "room"
kind = "chat"
url_file = "room"

[[monitors]]
id = "home"
url = "https://example.com/"
channels = ["pager", "room"]
""",
        "vigie.toml",
    )
    assert isinstance(settings, Settings)
    assert [each.default for each in settings.channels] == [True, False, False, False]
