"""What an owner of errors in the settings must hold to, beyond the shape of its table."""

from collections.abc import Iterator

from vigie.settings import OwnerSettings
from vigie.settings_lines import KeyPath
from vigie.settings_mistakes import Problem


def owner_problems(owner: OwnerSettings, path: KeyPath = ()) -> Iterator[Problem]:
    """What is wrong with one owner."""
    for name in ("pages", "files"):
        for number, pattern in enumerate(getattr(owner, name)):
            if not pattern.startswith(("/", "*")):
                yield Problem(
                    path=(*path, name, number),
                    wrong=f'is "{pattern}"',
                    right='begin it with "/" or "*", such as "/mandates/*"',
                )
    if owner.alert and not owner.channels:
        yield Problem(
            path=(*path, "alert"),
            wrong="is true, and no channel is named",
            right='name whom to tell: channels = ["team-chat"]',
        )
