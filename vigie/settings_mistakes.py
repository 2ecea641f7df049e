"""A mistake in a settings file: where it stands, what is wrong, what would be right."""

from collections.abc import Sequence

from msgspec import Struct


class Problem(Struct, frozen=True, kw_only=True):
    """A mistake before its place in the text is known; `path` as in settings_lines."""

    path: tuple[str | int, ...]
    wrong: str
    right: str


class Mistake(Struct, frozen=True, kw_only=True):
    """`line` counts from 1; None where the text has none, as for a file that is missing."""

    file: str
    line: int | None
    key: str
    """"monitors[home].interval_s"; "" for the file itself."""
    wrong: str
    right: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f" {self.key}:" if self.key else ""
        return f"{place}:{key} {self.wrong}; {self.right}"


class SettingsError(Exception):
    """The settings cannot be used; `mistakes` holds every one found, in the order of the file."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)
