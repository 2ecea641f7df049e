"""What is wrong with a channel of the settings, beyond the shape of its table."""

from collections.abc import Iterator
from typing import Final

import msgspec

from vigie.settings import ChannelSettings
from vigie.settings_lines import KeyPath
from vigie.settings_mistakes import Problem

EMAIL, WEBHOOK, PAGERDUTY, CHAT = "email", "webhook", "pagerduty", "chat"
SECURITIES = ("starttls", "tls", "none")

TAKES: Final[dict[str, tuple[str, ...]]] = {
    EMAIL: (
        *("host", "port", "security", "username", "password_env", "password_file"),
        *("from_address", "to"),
    ),
    WEBHOOK: ("url", "url_env", "url_file", "secret_env", "secret_file"),
    PAGERDUTY: ("url", "routing_key_env", "routing_key_file"),
    CHAT: ("url_env", "url_file"),
}
"""The settings each kind takes, besides id, kind and default."""

NEEDS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    EMAIL: (("host",), ("from_address",), ("to",)),
    WEBHOOK: (("url", "url_env", "url_file"), ("secret_env", "secret_file")),
    PAGERDUTY: (("routing_key_env", "routing_key_file"),),
    CHAT: (("url_env", "url_file"),),
}
"""Of each group exactly one must be given."""

_DEFAULTS = msgspec.to_builtins(ChannelSettings(id="x", kind="x"))


def channel_problems(channel: ChannelSettings, path: KeyPath = ()) -> Iterator[Problem]:
    """Every mistake of one channel by itself, except in addresses of servers."""
    if channel.kind not in TAKES:
        yield Problem(
            path=(*path, "kind"),
            wrong=f'is "{channel.kind}"',
            right="give it one of " + ", ".join(f'"{kind}"' for kind in TAKES),
        )
        return
    given = {
        name
        for name, value in msgspec.to_builtins(channel).items()
        if value != _DEFAULTS[name] and name not in ("id", "kind", "default")
    }
    for name in sorted(given - set(TAKES[channel.kind])):
        yield Problem(
            path=(*path, name),
            wrong=f'means nothing to a channel of the kind "{channel.kind}"',
            right="remove it; such a channel takes " + ", ".join(TAKES[channel.kind]),
        )
    for group in NEEDS[channel.kind]:
        yield from _group_problems(channel, group, given, path)
    if channel.kind == EMAIL:
        yield from _email_problems(channel, given, path)


def _group_problems(
    channel: ChannelSettings, group: tuple[str, ...], given: set[str], path: KeyPath
) -> Iterator[Problem]:
    named = [name for name in group if name in given]
    if not named:
        yield Problem(
            path=(*path, group[0]),
            wrong=f'is missing; a channel of the kind "{channel.kind}" needs it',
            right="give it " + " or ".join(group),
        )
    for extra in named[1:]:
        yield Problem(
            path=(*path, extra), wrong=f"stands beside {named[0]}", right="give only one of them"
        )


def _email_problems(channel: ChannelSettings, given: set[str], path: KeyPath) -> Iterator[Problem]:
    if channel.security not in SECURITIES:
        yield Problem(
            path=(*path, "security"),
            wrong=f'is "{channel.security}"',
            right="give it one of " + ", ".join(f'"{each}"' for each in SECURITIES),
        )
    passwords = given & {"password_env", "password_file"}
    if len(passwords) == 2:
        yield Problem(
            path=(*path, "password_file"),
            wrong="stands beside password_env",
            right="give only one of them",
        )
    if channel.username and not passwords:
        yield Problem(
            path=(*path, "username"),
            wrong="has no password",
            right="name it with password_env or password_file",
        )
    for name in passwords:
        if not channel.username:
            yield Problem(path=(*path, name), wrong="has no username", right="give it username")
        if channel.security == "none":
            yield Problem(
                path=(*path, "security"),
                wrong='is "none", which would send the password readable by all on the way',
                right='give it "starttls" or "tls"',
            )
    if channel.from_address and not is_address(channel.from_address):
        yield _not_an_address(channel.from_address, (*path, "from_address"))
    for number, address in enumerate(channel.to):
        if not is_address(address):
            yield _not_an_address(address, (*path, "to", number))


def is_address(text: str) -> bool:
    """Whether it can stand in From and To as it is: no name, no comment, no line break."""
    local, at, domain = text.rpartition("@")
    letters = all(letter.isprintable() and letter not in ' ,;<>()"\\' for letter in text)
    return bool(local and at and domain) and letters and "@" not in local


def _not_an_address(text: str, path: KeyPath) -> Problem:
    return Problem(
        path=path,
        wrong=f'"{text}" is no e-mail address',
        right='write one such as "ops@example.com"',
    )
